/** Invariant 11: with a quorum and min|P| contributors alive and connected, every round ends, in a bounded time. @module */

import type { Checker, WorldApi } from '../world/api.ts'
import { newestOf, rosterOf, type SimulatedHospital } from '../world/hospital.ts'
import { Violation } from '../world/violation.ts'

/** @param gone hospitals that never return; @param withinMs virtual time in which all others must have finished */
export function termination({ gone, withinMs }: { gone?: ReadonlySet<number>; withinMs: number }): Checker {
  return {
    name: 'termination',
    invariant: 11,
    end: world => {
      const [stuck] = expected(world, gone).filter(hospital => !finished(hospital))
      if (stuck === undefined) return
      const seconds = (withinMs / 1000).toFixed(0)
      throw new Violation(11, `not finished within ${seconds} s: ${world.describe()}`, {
        hospital: stuck.index,
        round: stuck.state?.round ?? null,
      })
    },
  }
}

/** True when every hospital that must finish has. */
export function allFinished(world: WorldApi, gone?: ReadonlySet<number>): boolean {
  return expected(world, gone).every(finished)
}

/** The honest hospitals that must finish: neither gone nor missing in the newest roster. */
function expected(world: WorldApi, gone?: ReadonlySet<number>): SimulatedHospital[] {
  const { ranks } = rosterOf(newestOf(world))
  return world.hospitals.filter(({ index, honest, peer }) => honest && !gone?.has(index) && ranks.has(peer))
}

function finished({ alive, state }: SimulatedHospital): boolean {
  return alive && state.phase === 'finished'
}
