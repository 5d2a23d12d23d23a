/**
 * Invariant 10, second half: every provable lie is proven by evidence (checkers/blame.ts checks that evidence). And a
 * part of invariant 11: every VOID names a liar that withheld its part.
 *
 * @module
 */

import { CodedError } from '../../crypto/errors.ts'
import type { EvidenceContext } from '../../protocols/evidence/judge.ts'
import { verifyEvidence } from '../../protocols/evidence/verify.ts'
import { decodeEvidence, encodeEvidence } from '../../protocols/messages/evidence.ts'
import { decodeResultValue } from '../../protocols/messages/result-value.ts'
import type { Effect } from '../../protocols/round/effects.ts'
import { judgeOf } from '../checkers/blame.ts'
import type { Checker, WorldApi } from '../world/api.ts'
import type { SimulatedHospital } from '../world/hospital.ts'
import { Violation } from '../world/violation.ts'
import { liarOf } from './script.ts'

/** A proven accusation: the blame's code, the evidence's kind, the accused's index. */
const nameOf = (index: number, code: string, kind: string): string => `${index}/${code}/${kind}`

export class ProvenLies implements Checker {
  readonly name = 'proven-lies'
  readonly invariant = 10
  readonly proven = new Set<string>()
  #world: WorldApi | undefined
  #judge: EvidenceContext | undefined

  begin(world: WorldApi): void {
    this.#world = world
    this.#judge = judgeOf(world)
  }

  effect(hospital: SimulatedHospital, effect: Effect): void {
    if (effect.type !== 'blame' || effect.evidence === null) return
    const accused = this.#world?.hospitals.find(({ peer }) => peer === effect.peer)
    // evidence speaks for itself, whoever holds it: of two liars, one may be all that the other has lied to. But what a
    // liar finds out about itself convinces nobody else.
    if (accused !== undefined && accused !== hospital && (hospital.honest || this.#isProof(effect)))
      this.proven.add(nameOf(accused.index, effect.code, effect.evidence.kind))
  }

  /** Whether a judge is convinced: BLAME has looked at what honest hospitals hold, and at nothing of a liar's. */
  #isProof({ member, evidence }: Extract<Effect, { type: 'blame' }>): boolean {
    if (this.#judge === undefined || evidence === null) return false
    try {
      return verifyEvidence(decodeEvidence(encodeEvidence(evidence)), this.#judge).accused === member
    } catch (error) {
      if (error instanceof CodedError) return false
      throw error
    }
  }

  end(world: WorldApi): void {
    for (const hospital of world.hospitals) {
      const liar = liarOf(world.adversaryOf(hospital))
      if (liar === null || liar.provable.size === 0 || liar.script.guilt === null) continue
      const { code, evidence } = liar.script.guilt
      if (!this.proven.has(nameOf(hospital.index, code, evidence))) {
        throw new Violation(10, `${hospital.index} has lied (${liar.name}) and nobody can prove ${code}`)
      }
    }
    const first = world.hospitals.find(({ honest, disk }) => honest && disk.links.length > 0)
    for (const { round, value: wire } of first?.disk.links ?? []) {
      const value = decodeResultValue(wire)
      if (value.outcome === 'void' && value.members.every(member => world.hospitals[member]?.honest)) {
        throw new Violation(11, `round ${round} is VOID for ${value.members}, and none of them lies`, { round })
      }
    }
  }
}
