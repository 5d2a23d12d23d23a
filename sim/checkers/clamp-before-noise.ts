/**
 * A premise of the privacy proof: an update is clamped, then noised. Noise that is clamped again is no longer Gaussian.
 * It is detected where updates reach the clamp, because half of those words must lie beyond it.
 *
 * @module privacy: "The mechanism"
 */

import { hex } from '../../protocols/immutable.ts'
import type { RoundJob } from '../../protocols/secure-sum/jobs.ts'
import { noiseModeOf } from '../../protocols/study/noise/list.ts'
import { noiseOfSum } from '../../protocols/study/noise/noised-sums.ts'
import { planStudy, sumIn } from '../../protocols/study/plan.ts'
import type { CheckerFactory, WorldApi } from '../world/api.ts'
import type { SimulatedHospital } from '../world/hospital.ts'
import { Violation } from '../world/violation.ts'

/** Words at the clamp that a check needs; by chance none of them lies beyond it with probability 2^-64. */
const WORDS_MIN = 64

export const CLAMP_BEFORE_NOISE: CheckerFactory = () => {
  let world: WorldApi
  let [reached, beyond] = [0, 0]
  const limitOf = (round: number, contributors: number) => {
    const { document } = world
    return noiseOfSum(document.privacy, sumIn(planStudy(document), round), contributors).limit
  }
  const look = ({ vault }: SimulatedHospital, { round, session }: Extract<RoundJob, { kind: 'mask' }>) => {
    const [update, input] = [vault.update(round), vault.inputs.get(hex(session.sid))]
    if (update === undefined || input === undefined) return
    const limit = limitOf(round, session.members.length)
    for (const [at, word] of update.entries()) {
      if (Math.abs(word) < limit) continue
      reached += 1
      if (Math.sign(word) * (input[at] as number) > limit) beyond += 1
    }
    if (reached >= WORDS_MIN && beyond === 0) throw new Violation(8, 'the clamp comes after the noise', { round })
  }
  return {
    name: 'clamp-before-noise',
    invariant: 8,
    begin: begun => {
      world = begun
    },
    output: (hospital, job, output) => {
      const noisy = noiseModeOf(world.document.privacy).noisesSums
      if (hospital.honest && noisy && job.kind === 'mask' && output.kind === 'mask') look(hospital, job)
    },
  }
}
