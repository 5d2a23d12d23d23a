/**
 * A complement of invariant 9: a masked vector has its hospital's self mask and a pair mask with every other
 * contributor. Without pair masks the vector would be readable after its release; the differencing oracle assumes them.
 *
 * @module
 */

import { toBytes } from '../../crypto/ring.ts'
import { derivePairKey, deriveSelfKey, maskInto, pairSign } from '../../crypto/zero-sum-masks.ts'
import { hex, same } from '../../protocols/immutable.ts'
import type { RoundJob } from '../../protocols/secure-sum/jobs.ts'
import type { CheckerFactory, WorldApi } from '../world/api.ts'
import type { SimulatedHospital } from '../world/hospital.ts'
import { Violation } from '../world/violation.ts'

/** The correct masked vector of a hospital's input, computed from its secrets. */
function expected(
  { exchange }: WorldApi,
  { vault }: SimulatedHospital,
  { round, session }: Extract<RoundJob, { kind: 'mask' }>,
): Uint32Array {
  const { sid, self, members } = session
  const { secret, root } = vault.secrets(round)
  const id = (member: number) => session.ids.get(member) as Uint8Array
  const others = members.filter(member => member !== self)
  const pairs = others.map(member => {
    const shared = exchange.agree(secret, session.keys.get(member) as Uint8Array)
    return { key: derivePairKey({ shared, sid, a: id(self), b: id(member) }), sign: pairSign(id(self), id(member)) }
  })
  const words = Uint32Array.from(vault.inputs.get(hex(sid)) as Int32Array)
  maskInto(words, { selfKey: deriveSelfKey({ root, sid, id: id(self) }), pairs })
  return words
}

export const FULL_MASKS: CheckerFactory = () => {
  let world: WorldApi
  return {
    name: 'full-masks',
    invariant: 9,
    begin: begun => {
      world = begun
    },
    output: (hospital, job, output) => {
      if (job.kind !== 'mask' || output.kind !== 'mask' || !hospital.honest) return
      const masked = hospital.vault.masked(job.round, output.sid) as Uint32Array
      if (!same(toBytes(masked), toBytes(expected(world, hospital, job)))) {
        throw new Violation(9, 'a vector does not wear all of its masks', { round: job.round })
      }
    },
  }
}
