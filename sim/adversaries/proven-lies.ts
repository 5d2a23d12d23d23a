/**
 * Invariant 10, second half: every provable lie is proven by evidence (checkers/blame.ts checks that evidence). And a
 * part of invariant 11: every VOID names a liar that withheld its part.
 *
 * @module
 */

import { decodeResultValue } from '../../protocols/messages/result-value.ts'
import type { Effect } from '../../protocols/round/effects.ts'
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

  begin(world: WorldApi): void {
    this.#world = world
  }

  effect(hospital: SimulatedHospital, effect: Effect): void {
    if (effect.type !== 'blame' || effect.evidence === null) return
    const accused = this.#world?.hospitals.find(({ peer }) => peer === effect.peer)
    // evidence speaks for itself, whoever holds it: of two liars, one may be all that the other has lied to
    if (accused !== undefined && accused !== hospital)
      this.proven.add(nameOf(accused.index, effect.code, effect.evidence.kind))
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
