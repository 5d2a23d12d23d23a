/**
 * The accountant that is charged, behind one name: privacy loss distributions. Whoever plans, charges or shows an epsilon
 * asks here. Rényi accounting (rdp.ts) stays as the cross-check, and for studies whose terms were chosen after earlier
 * results.
 *
 * @module
 */

import { type NoiseTarget, pldNoiseMultiplier } from './noise-multiplier.ts'
import { PLD_STEPS_MAX, pldEpsilon, type Steps } from './pld.ts'

/** Steps of one mechanism, as the accountant takes them. */
export type AccountedSteps = Steps

/** What a noise multiplier must keep: so many steps at a sample rate, within epsilon at delta. */
export type PrivacyTarget = NoiseTarget

/** Steps of one mechanism at most. */
export const ACCOUNTED_STEPS_MAX = PLD_STEPS_MAX

/**
 * ε of all these steps together at δ: never below the truth, at most 0.5 % above it.
 *
 * @param delta of (0, 1)
 * @throws CryptoError `out-of-range`
 */
export function epsilonOf(steps: readonly AccountedSteps[], delta: number): number {
  return pldEpsilon(steps, { delta })
}

/**
 * The smallest noise multiplier, a multiple of 1e-4, that keeps ε within the target.
 *
 * @throws CryptoError as `pldNoiseMultiplier`: `out-of-range`, `noise-too-large`, `target-spent`
 */
export function noiseMultiplierFor(target: PrivacyTarget): number {
  return pldNoiseMultiplier(target)
}
