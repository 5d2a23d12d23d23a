/** The noise of a study's sums, by its mode: fixed point, deviations, and what is left against each observer. @module */

import { CryptoError } from '../../../crypto/errors.ts'
import {
  chooseFixedPoint,
  effectiveMultiplier,
  hospitalSigma,
  SCALED_NORM_MAX,
  SCALED_NORM_MIN,
} from '../../../crypto/fixed-point.ts'
import { noiseModeOf } from './list.ts'
import type { NoiseName, Noising, SumPlan } from './mode.ts'

/** How a study's noise is shared out. */
export interface NoiseSharing {
  readonly noise: NoiseName
  /** t: hospitals that may pool what they know without lowering the promise */
  readonly colluders: number
}

/** What a sum must leave room for. */
export interface SumNeeds {
  /** L2 norm of what one record adds */
  readonly clippingNorm: number
  /** the largest value that a coordinate of one hospital's sum is bound to have, in units of what is summed */
  readonly valueMax: number
  readonly contributorsMin: number
  /** contributors that a round may have at most */
  readonly contributorsMax: number
}

/**
 * Chooses the fixed point of a sum: the finest of those for which the noise is within the sampler's reach and a hospital's
 * words have room beside it, for every number of contributors.
 *
 * @throws CryptoError `out-of-range`; `noise-too-large` when there is none
 */
export function withFixedPoint(sharing: NoiseSharing, sum: Omit<SumPlan, 'fixedPoint'>, needs: SumNeeds): SumPlan {
  const { dimension, noiseMultiplier } = sum
  const { clippingNorm, contributorsMin, contributorsMax, valueMax } = needs
  const sharers = noiseModeOf(sharing).sharersIn({ contributors: contributorsMin, colluders: sharing.colluders })
  const shares = { contributorsMin: sharers.contributors, colluders: sharers.colluders }
  for (let scaledNormMax = SCALED_NORM_MAX; scaledNormMax >= SCALED_NORM_MIN; scaledNormMax /= 2) {
    const terms = { clippingNorm, dimension, noiseMultiplier, ...shares, scaledNormMax }
    const plan = { ...sum, fixedPoint: chooseFixedPoint(terms) }
    const least = Math.max(1, valueMax * plan.fixedPoint.scale)
    // more contributors leave less room, fewer have larger noise each
    const counts = Array.from({ length: contributorsMax + 1 - contributorsMin }, (_, at) => contributorsMin + at)
    if (counts.every(count => noiseOfSum(sharing, plan, count).limit >= least)) return plan
  }
  throw new CryptoError('noise-too-large', `no word is left beside the noise for ${contributorsMax} contributors`)
}

/**
 * What an update still needs when its contributors are known.
 *
 * @throws CryptoError as `hospitalSigma`
 */
export function noiseOfSum(sharing: NoiseSharing, sum: SumPlan, contributors: number): Noising {
  return noiseModeOf(sharing).ofSum(sum, { contributors, colluders: sharing.colluders })
}

/** σ of the noise that a hospital adds to every one of its own steps: 0 unless the noise is local. */
export function noiseOfStep(sharing: Pick<NoiseSharing, 'noise'>, sum: SumPlan): number {
  return noiseModeOf(sharing).ofStep(sum)
}

/** Deviation of all the noise in the opened sum of so many contributors, in words. */
export function noiseInSum(sharing: NoiseSharing, sum: SumPlan, contributors: number): number {
  const each = Math.hypot(
    noiseOfSum(sharing, sum, contributors).sigma,
    noiseOfStep(sharing, sum) * Math.sqrt(sum.steps),
  )
  return each * Math.sqrt(contributors)
}

/** One round's noise multiplier against each observer: that of the noise which this one does not know. */
export interface Multipliers {
  readonly model: number
  readonly colluding: number
  readonly alone: number
}

/**
 * @param contributors of the round
 * @param holders      the hospitals that hold what is protected, all of them honest: their noise is left when all others
 *   pool what they know. One by default; more than the contributors count as those
 */
export function multipliersOf(
  sharing: NoiseSharing,
  sum: SumPlan,
  contributors: number,
  { holders = 1 }: { readonly holders?: number } = {},
): Multipliers {
  const { noiseMultiplier, steps } = sum
  const { sensitivity } = sum.fixedPoint
  const mode = noiseModeOf(sharing)
  if (!mode.isPrivate) return { model: 0, colluding: 0, alone: 0 }
  const sharers = mode.sharersIn({ contributors, colluders: sharing.colluders })
  const sigma = hospitalSigma({ noiseMultiplier, sensitivity, ...sharers })
  // a step of one's own is taken from one's own noise alone: others' is added too late to count
  const withNoiseOf = (honest: number): number =>
    effectiveMultiplier({ sigma, sensitivity, honest: steps > 1 ? 1 : honest })
  const alone = withNoiseOf(Math.min(holders, contributors))
  return { model: withNoiseOf(contributors), colluding: noiseMultiplier, alone }
}
