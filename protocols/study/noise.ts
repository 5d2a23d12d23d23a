/**
 * Who adds how much noise, and when: shared out over a round's contributors once they are known, or by every hospital on
 * its own at each of its steps.
 *
 * @module
 */

import { CryptoError } from '../../crypto/errors.ts'
import {
  chooseFixedPoint,
  clampLimit,
  effectiveMultiplier,
  type FixedPoint,
  hospitalSigma,
  NOISE_HEADROOM_SIGMA,
  SCALED_NORM_MAX,
  SCALED_NORM_MIN,
  wordMax,
} from '../../crypto/fixed-point.ts'
import type { StudyPrivacy } from './types.ts'

/** How a study's noise is shared out. */
export type NoiseSharing = Pick<StudyPrivacy, 'noise' | 'colluders'>

/** What one kind of round adds up, and what it costs. */
export interface SumPlan {
  /** words of an update */
  readonly dimension: number
  readonly fixedPoint: FixedPoint
  /** z; 0 without noise */
  readonly noiseMultiplier: number
  /** integer a of the probability a / 2^32 */
  readonly sampleRate: number
  /** steps of the mechanism in a round */
  readonly steps: number
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
  const sharers = noiseSharers(sharing, contributorsMin)
  for (let scaledNormMax = SCALED_NORM_MAX; scaledNormMax >= SCALED_NORM_MIN; scaledNormMax /= 2) {
    const terms = { clippingNorm, dimension, noiseMultiplier, ...sharers, scaledNormMax }
    const plan = { ...sum, fixedPoint: chooseFixedPoint(terms) }
    const least = Math.max(1, valueMax * plan.fixedPoint.scale)
    // more contributors leave less room, fewer have larger noise each
    const counts = Array.from({ length: contributorsMax + 1 - contributorsMin }, (_, at) => contributorsMin + at)
    if (counts.every(count => noiseOfSum(sharing, plan, count).limit >= least)) return plan
  }
  throw new CryptoError('noise-too-large', `no word is left beside the noise for ${contributorsMax} contributors`)
}

/** What happens to an update before its masks: it is clamped to ± `limit`, then noise of deviation `sigma` is added. */
export interface Noising {
  readonly limit: number
  readonly sigma: number
}

/** Alone against everybody: local noise is scaled as for one contributor and no colluders. */
const ALONE = { contributors: 1, colluders: 0 }

/** Fewest hospitals whose noise a round's promise rests on, for the fixed point to leave room for it. */
function noiseSharers(
  { noise, colluders }: NoiseSharing,
  contributorsMin: number,
): { contributorsMin: number; colluders: number } {
  return noise === 'local' ? { contributorsMin: 1, colluders: 0 } : { contributorsMin, colluders }
}

/**
 * What an update still needs when its contributors are known.
 *
 * @throws CryptoError as `hospitalSigma`
 */
export function noiseOfSum({ noise, colluders }: NoiseSharing, sum: SumPlan, contributors: number): Noising {
  // noised already, and private by itself: what is cut off now is post-processing
  if (noise === 'local') return { limit: localLimit(sum, contributors), sigma: 0 }
  if (noise === 'off') return { limit: clampLimit({ contributors, sigma: 0 }), sigma: 0 }
  const { noiseMultiplier, fixedPoint } = sum
  const sigma = hospitalSigma({ noiseMultiplier, sensitivity: fixedPoint.sensitivity, contributors, colluders })
  return { limit: clampLimit({ contributors, sigma }), sigma }
}

/** σ of the noise that a hospital adds to every one of its own steps: 0 unless the noise is local. */
export function noiseOfStep({ noise }: NoiseSharing, { noiseMultiplier, fixedPoint }: SumPlan): number {
  if (noise !== 'local') return 0
  return hospitalSigma({ noiseMultiplier, sensitivity: fixedPoint.sensitivity, ...ALONE })
}

/** A word's bound, or below 1 where the noise of all steps would not fit beneath it. */
function localLimit({ noiseMultiplier, fixedPoint, steps }: SumPlan, contributors: number): number {
  const sigma = hospitalSigma({ noiseMultiplier, sensitivity: fixedPoint.sensitivity, ...ALONE })
  const limit = wordMax(contributors)
  return limit > NOISE_HEADROOM_SIGMA * sigma * Math.sqrt(steps) ? limit : 0
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

/** @param contributors of the round */
export function multipliersOf({ noise, colluders }: NoiseSharing, sum: SumPlan, contributors: number): Multipliers {
  const { noiseMultiplier, steps } = sum
  const { sensitivity } = sum.fixedPoint
  if (noise === 'off') return { model: 0, colluding: 0, alone: 0 }
  const sharers = noise === 'local' ? ALONE : { contributors, colluders }
  const sigma = hospitalSigma({ noiseMultiplier, sensitivity, ...sharers })
  const alone = effectiveMultiplier({ sigma, sensitivity, honest: 1 })
  // a step of one's own is taken from one's own noise alone: others' is added too late to count
  const honest = steps > 1 ? 1 : contributors
  return { model: effectiveMultiplier({ sigma, sensitivity, honest }), colluding: noiseMultiplier, alone }
}
