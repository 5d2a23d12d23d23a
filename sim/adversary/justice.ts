/**
 * Watches a world with liars: no honest hospital is ever blamed, whoever has lied is shown to have by evidence that a
 * judge with nothing but the study document accepts, and no round is lost but by whoever withholds its part.
 *
 * @module
 */

import { TAG_SUM } from '../../crypto/domain.ts'
import { CodedError } from '../../crypto/errors.ts'
import { sha256 } from '../../crypto/hash.ts'
import { toBytes } from '../../crypto/ring.ts'
import { createJudge, type EvidenceContext } from '../../protocols/evidence/context.ts'
import { decodeEvidence, encodeEvidence } from '../../protocols/evidence/evidence.ts'
import { verifyEvidence } from '../../protocols/evidence/verify.ts'
import type { Effect } from '../../protocols/ports.ts'
import { hex, same } from '../../protocols/round/state.ts'
import { decodeResultValue, type Link } from '../../protocols/sync/link.ts'
import { type Checker, Violation } from '../checkers/checker.ts'
import type { SimulatedHospital } from '../hospital.ts'
import type { World } from '../world.ts'
import { liarOf } from './script.ts'

type Blame = Extract<Effect, { type: 'blame' }>

/** A proven accusation: the blame's code, the evidence's kind, the accused's index. */
const nameOf = (index: number, code: string, kind: string): string => `${index}/${code}/${kind}`

export class Justice implements Checker {
  readonly name = 'justice'
  readonly invariant = 10
  readonly proven = new Set<string>()
  #world: World | undefined
  #judge: EvidenceContext | undefined

  begin(world: World): void {
    this.#world = world
    // the signatures of a simulated world are not Ed25519: only their check is the world's own
    const { verify } = world.hospitals[0]!.context
    this.#judge = { ...createJudge(world.document), verify }
  }

  effect(hospital: SimulatedHospital, effect: Effect): void {
    if (effect.type === 'blame' && hospital.honest) this.#blamed(hospital, effect)
  }

  #blamed(hospital: SimulatedHospital, { member, code, evidence }: Blame): void {
    const world = this.#world as World
    const accused = world.hospitalAt(hospital, member)
    if (accused === undefined || accused.honest) {
      throw new Violation(10, `${accused?.index} has done nothing and is blamed: ${code}`)
    }
    if (evidence === null) return
    try {
      const verdict = verifyEvidence(decodeEvidence(encodeEvidence(evidence)), this.#judge as EvidenceContext)
      if (verdict.accused !== member) throw new Violation(10, `evidence against ${verdict.accused}, not ${member}`)
    } catch (error) {
      if (!(error instanceof CodedError)) throw error
      throw new Violation(10, `evidence of ${code} that proves nothing: ${error.message}`, { cause: error })
    }
    this.proven.add(nameOf(accused.index, code, evidence.kind))
  }

  end(world: World): void {
    for (const hospital of world.hospitals) {
      const liar = liarOf(hospital)
      if (liar === null || liar.provable.size === 0 || liar.script.guilt === null) continue
      const { code, evidence } = liar.script.guilt
      if (!this.proven.has(nameOf(hospital.index, code, evidence))) {
        throw new Violation(10, `${hospital.index} has lied (${liar.name}) and nobody can prove ${code}`)
      }
    }
    this.#compare(world)
  }

  /** One transcript and one checkpoint for all, every sum exact, every VOID somebody's deed. */
  #compare(world: World): void {
    const honest = world.hospitals.filter(hospital => hospital.honest && hospital.disk.links.length > 0)
    const [first] = honest as [SimulatedHospital, ...SimulatedHospital[]]
    const of = ({ disk }: SimulatedHospital) => disk.links.map(({ value }) => hex(value)).join()
    for (const other of honest) {
      if (of(other) !== of(first)) throw new Violation(7, `${other.index} and ${first.index} hold two transcripts`)
      if (!same(other.state.previous, first.state.previous)) throw new Violation(7, 'two results of one transcript')
    }
    for (const link of first.disk.links) this.#checkLink(world, link)
  }

  #checkLink(world: World, { round, value: wire }: Link): void {
    const value = decodeResultValue(wire)
    if (value.outcome === 'void') {
      const culprits = world.hospitals.filter(hospital => liarOf(hospital)?.script.voids)
      if (!culprits.some(hospital => liarOf(hospital)?.lies.has(round))) {
        throw new Violation(11, `round ${round} is VOID and nobody has withheld anything`)
      }
      return
    }
    const inputs = value.members.map(member => world.hospitals[member]?.vault.inputs.get(hex(value.sid)) as Int32Array)
    const sum = new Int32Array(inputs[0]!.length)
    for (const input of inputs) for (let word = 0; word < sum.length; word++) sum[word]! += input[word]!
    if (!same(value.sum, sha256(TAG_SUM, toBytes(new Uint32Array(sum.buffer))))) {
      throw new Violation(8, `the sum of round ${round} is not that of what was committed`)
    }
  }
}
