/** Invariant 4: no key is used in two sessions, no ephemeral key in two rounds. @module */

import { derivePairKey, deriveSelfKey } from '../../crypto/zero-sum-masks.ts'
import { hex } from '../../protocols/immutable.ts'
import type { RoundJob } from '../../protocols/secure-sum/jobs.ts'
import type { CheckerFactory, WorldApi } from '../world/api.ts'
import type { SimulatedHospital } from '../world/hospital.ts'
import { Violation } from '../world/violation.ts'

/** Derives again the keys that a mask job has just used. */
function keysOf(
  world: WorldApi,
  { vault }: SimulatedHospital,
  { round, session }: Extract<RoundJob, { kind: 'mask' }>,
) {
  const { sid, self, ids, members, keys } = session
  const { secret, root } = vault.secrets(round)
  const own = ids.get(self) as Uint8Array
  const pairs = members
    .filter(member => member !== self)
    .map(member => {
      const shared = world.exchange.agree(secret, keys.get(member) as Uint8Array)
      return derivePairKey({ shared, sid, a: own, b: ids.get(member) as Uint8Array })
    })
  return [deriveSelfKey({ root, sid, id: own }), ...pairs]
}

export const FRESH_KEYS: CheckerFactory = () => {
  const sessions = new Map<string, string>()
  const rounds = new Map<string, number>()
  let world: WorldApi
  return {
    name: 'fresh-keys',
    invariant: 4,
    begin: begun => {
      world = begun
    },
    output: (hospital, job, output) => {
      const { round } = job
      if (!hospital.honest) return
      if (output.kind === 'prepare') {
        const key = hex(output.key)
        if ((rounds.get(key) ?? round) !== round) throw new Violation(4, 'one ephemeral key in two rounds', { round })
        rounds.set(key, round)
      }
      if (job.kind !== 'mask' || output.kind !== 'mask') return
      for (const key of keysOf(world, hospital, job).map(hex)) {
        const before = sessions.get(key)
        if (before !== undefined && before !== output.sid)
          throw new Violation(4, 'one key under two sessions', { round })
        sessions.set(key, output.sid)
      }
    },
  }
}
