/**
 * Searches for the noise multiplier z that meets a target ε, with the accountant that also charges the ε spent.
 *
 * @module
 */

import { requireInteger, requireReal } from '../check.ts'
import { CryptoError } from '../errors.ts'
import { noiseMultiplierMin } from './mixture.ts'
import { PLD_STEPS_MAX, pldEpsilon, type Steps } from './pld.ts'
import { ACCOUNTANT_NOISE_MULTIPLIER_MAX, NOISE_MULTIPLIER_STEP, rdpNoiseMultiplier } from './rdp.ts'

/** Smallest noise multiplier that the search returns. */
const ACCOUNTANT_NOISE_MULTIPLIER_MIN = 0.01

/** What a noise multiplier must keep. */
export interface NoiseTarget {
  /** q, a probability of (0, 1] */
  readonly sampleRate: number
  /** T >= 1 */
  readonly steps: number
  /** k, the copies of what is protected; 1 where absent */
  readonly copies?: number
  readonly delta: number
  /** the target, > 0 */
  readonly epsilon: number
  /** other mechanisms' steps that are spent under the same target: ε is that of all together */
  readonly besides?: readonly Steps[]
}

/**
 * The smallest noise multiplier, a multiple of 1e-4, that keeps ε within the target. The returned value itself has been
 * checked; the next smaller multiple exceeds the target (to within the accountant's 2e-5).
 *
 * @param sampleRate q, a probability of (0, 1]
 * @param steps      T ≥ 1
 * @param copies     k ≥ 1, of what is protected; 1 where absent
 * @param epsilon    the target, > 0
 * @param besides    steps of other mechanisms that are spent under the same target: ε is that of all steps together
 * @throws CryptoError `out-of-range`; `noise-too-large` when no multiplier up to 1e5 reaches the target;
 *         `target-spent` when the other steps alone exceed it
 */
export function pldNoiseMultiplier({
  sampleRate,
  steps,
  delta,
  epsilon,
  besides = [],
  copies = 1,
}: NoiseTarget): number {
  requireReal(sampleRate, { min: Number.MIN_VALUE, max: 1 }, 'sampleRate (a probability)')
  requireInteger(steps, { min: 1, max: PLD_STEPS_MAX }, 'steps')
  const multiplierOf = (units: number): number => units / (1 / NOISE_MULTIPLIER_STEP)
  const epsilonAt = (units: number): number =>
    pldEpsilon([{ sampleRate, noiseMultiplier: multiplierOf(units), steps, copies }, ...besides], { delta })
  const smallest = Math.max(ACCOUNTANT_NOISE_MULTIPLIER_MIN, noiseMultiplierMin(copies))
  const least = Math.ceil(smallest / NOISE_MULTIPLIER_STEP)

  const others = pldEpsilon(besides, { delta })
  if (others > epsilon) {
    throw new CryptoError('target-spent', `ε ${epsilon} is exceeded by the other steps alone: they have ${others}`)
  }

  // the Rényi accountant of one copy never asks for less noise than that needs, and k copies hardly for more than k times
  // that; the loop doubles it where it is too small after all, by rounding or for the steps besides
  const upper = rdpNoiseMultiplier({ sampleRate, steps, delta, epsilon })
  let enough = Math.max(least, Math.round((copies * upper) / NOISE_MULTIPLIER_STEP))
  let reached = epsilonAt(enough)
  while (reached > epsilon) {
    if (multiplierOf(enough) > ACCOUNTANT_NOISE_MULTIPLIER_MAX) {
      throw new CryptoError(
        'noise-too-large',
        `no noise multiplier up to ${ACCOUNTANT_NOISE_MULTIPLIER_MAX} gives ε ${epsilon}`,
      )
    }
    enough *= 2
    reached = epsilonAt(enough)
  }
  let [tooFew, exceeded] = [least - 1, Number.POSITIVE_INFINITY]
  for (let turn = 0; enough - tooFew > 1; turn++) {
    // ε(z) is near a power law: the secant method on logarithms, and each fourth turn a bisection for where it is not
    const slope = (Math.log(exceeded) - Math.log(reached)) / (Math.log(enough) - Math.log(tooFew))
    const secant = Math.log(enough) - (Math.log(epsilon) - Math.log(reached)) / slope
    const guess = Number.isFinite(exceeded) ? Math.exp(secant) : enough * (reached / epsilon) * 0.98
    const aimed = turn % 4 === 3 || !Number.isFinite(guess) ? (tooFew + enough) / 2 : guess
    const units = Math.min(enough - 1, Math.max(tooFew + 1, Math.round(aimed)))
    const value = epsilonAt(units)
    if (value <= epsilon) [enough, reached] = [units, value]
    else [tooFew, exceeded] = [units, value]
  }
  return multiplierOf(enough)
}
