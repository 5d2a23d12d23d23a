/**
 * Fixed point: turns a hospital's clipped float sum into integers, which can be noised and summed exactly.
 *
 * A record changes the float sum by at most C in the Euclidean norm. Scaling by s and rounding once changes each
 * coordinate of the difference by less than 1, so d coordinates by at most √d: hence the integer sensitivity
 * Δ_int = s·C + ⌈√d⌉ (Canonne-Kamath-Steinke 2020 for the noise; Kairouz-Liu-Steinke 2021 for the rounding argument).
 *
 * @module
 */

import { requireInteger, requireReal } from './check.ts'
import { CryptoError } from './errors.ts'

/** s·C before any halving: the rounding keeps 16 bits of the clipping norm. */
export const SCALED_NORM_MAX = 2 ** 16
/** Smallest s·C: below one unit, the rounding would erase the update. */
export const SCALED_NORM_MIN = 1
/** Largest σ_h: above it the sampler's integers would exceed the 53 exact bits of a double. */
export const SIGMA_MAX = 2 ** 20
/** Smallest σ_h: from here on the discrete noise is within 2e-34 of the continuous formula, per coordinate and step. */
export const SIGMA_MIN = 3
/** Headroom in σ_h: noise beyond it wraps around, with a probability below 1e-32 per coordinate. */
export const NOISE_HEADROOM_SIGMA = 12
export const WORD_ABS_MAX = 2 ** 31 - 1
export const SUM_WORDS_MAX = 2 ** 28
export const CONTRIBUTORS_MAX = 2 ** 16

/** `scale` s: integer units per unit of the float sum. `sensitivity` Δ_int: integer units, Euclidean norm. */
export interface FixedPoint {
  scale: number
  sensitivity: number
}

/**
 * Variance to subtract from a sum of discrete Gaussians, so that the continuous formula holds for the rest
 * (arXiv 2102.06387, Theorem 15, for σ ≥ 3).
 */
const DISCRETE_VARIANCE_LOSS = 4

/** The smallest integer σ with (|P| − t)·σ² − 4 ≥ (z·Δ_int)²; no bound is checked. */
function sigmaOf(noiseMultiplier: number, sensitivity: number, honest: number): number {
  const wanted = (noiseMultiplier * sensitivity) ** 2
  return noiseMultiplier === 0 ? 0 : Math.ceil(Math.sqrt((wanted + DISCRETE_VARIANCE_LOSS) / honest))
}

/**
 * The noise multiplier of the Gaussian mechanism that matches m contributors' noise: √(m·σ_h² − 4) / Δ_int.
 *
 * @param honest m ≥ 1: contributors whose noise the observer does not know
 */
export function effectiveMultiplier({
  sigma,
  sensitivity,
  honest,
}: {
  sigma: number
  sensitivity: number
  honest: number
}): number {
  requireInteger(honest, { min: 1, max: CONTRIBUTORS_MAX }, 'honest')
  requireInteger(sigma, { min: SIGMA_MIN, max: SIGMA_MAX }, 'sigma')
  return Math.sqrt(honest * sigma * sigma - DISCRETE_VARIANCE_LOSS) / sensitivity
}

/**
 * The study's fixed point: s·C = 2^16, halved until σ_h ≤ 2^20 with the fewest contributors, where σ_h is largest.
 *
 * @param clippingNorm      C > 0
 * @param dimension         d, words of an update
 * @param noiseMultiplier   z ≥ 0; 0 is for tests
 * @param contributorsMin   fewest contributors of a round
 * @param colluders         t < contributorsMin
 * @param scaledNormMax     first value of s·C, a power of two
 * @throws CryptoError `out-of-range`; `noise-too-large` when no scale leaves room for the noise
 */
export function chooseFixedPoint({
  clippingNorm,
  dimension,
  noiseMultiplier,
  contributorsMin,
  colluders,
  scaledNormMax = SCALED_NORM_MAX,
}: {
  clippingNorm: number
  dimension: number
  noiseMultiplier: number
  contributorsMin: number
  colluders: number
  scaledNormMax?: number
}): FixedPoint {
  requireReal(clippingNorm, { min: Number.MIN_VALUE, max: Number.MAX_VALUE }, 'clippingNorm')
  requireReal(noiseMultiplier, { min: 0, max: Number.MAX_VALUE }, 'noiseMultiplier')
  requireInteger(dimension, { min: 1, max: SUM_WORDS_MAX }, 'dimension')
  requireInteger(contributorsMin, { min: 1, max: CONTRIBUTORS_MAX }, 'contributorsMin')
  requireInteger(colluders, { min: 0, max: contributorsMin - 1 }, 'colluders')
  const rounding = Math.ceil(Math.sqrt(dimension))
  for (let scaledNorm = scaledNormMax; scaledNorm >= SCALED_NORM_MIN; scaledNorm /= 2) {
    const sensitivity = scaledNorm + rounding
    if (sigmaOf(noiseMultiplier, sensitivity, contributorsMin - colluders) > SIGMA_MAX) continue
    const scale = scaledNorm / clippingNorm
    requireReal(scale, { min: Number.MIN_VALUE, max: Number.MAX_VALUE }, 'scale')
    return { scale, sensitivity }
  }
  throw new CryptoError('noise-too-large', `noise multiplier ${noiseMultiplier} at dimension ${dimension}`)
}

/**
 * σ_h, the integer standard deviation that each contributor of this view adds, so that any |P| − t of them together
 * reach the study's noise multiplier. 0 when the multiplier is 0 (tests).
 *
 * @throws CryptoError `out-of-range`; `noise-too-small` below 3; `noise-too-large` above 2^20, which happens only with
 *   fewer contributors than the fixed point was chosen for
 */
export function hospitalSigma({
  noiseMultiplier,
  sensitivity,
  contributors,
  colluders,
}: {
  noiseMultiplier: number
  sensitivity: number
  contributors: number
  colluders: number
}): number {
  requireReal(noiseMultiplier, { min: 0, max: Number.MAX_VALUE }, 'noiseMultiplier')
  requireReal(sensitivity, { min: 1, max: WORD_ABS_MAX }, 'sensitivity')
  requireInteger(contributors, { min: 1, max: CONTRIBUTORS_MAX }, 'contributors')
  requireInteger(colluders, { min: 0, max: contributors - 1 }, 'colluders')
  if (noiseMultiplier === 0) return 0
  const sigma = sigmaOf(noiseMultiplier, sensitivity, contributors - colluders)
  if (sigma > SIGMA_MAX) throw new CryptoError('noise-too-large', `σ_h is ${sigma}, at most ${SIGMA_MAX}`)
  if (sigma < SIGMA_MIN) throw new CryptoError('noise-too-small', `σ_h is ${sigma}, at least ${SIGMA_MIN}`)
  return sigma
}

/** The largest absolute value of one contributor's word with which the sum of all contributors fits into 32 bits. */
export function wordMax(contributors: number): number {
  requireInteger(contributors, { min: 1, max: CONTRIBUTORS_MAX }, 'contributors')
  return Math.floor(WORD_ABS_MAX / contributors)
}

/**
 * Scales and rounds, once, to the nearest integer (halves up), and saturates at ±(2^31 − 1).
 *
 * @param sum     d clipped float sums
 * @param scale   s > 0
 * @throws CryptoError `not-finite` on NaN or infinity
 */
export function quantise(sum: Float64Array, scale: number): Int32Array {
  requireReal(scale, { min: Number.MIN_VALUE, max: Number.MAX_VALUE }, 'scale')
  const integers = new Int32Array(sum.length)
  for (let i = 0; i < sum.length; i++) {
    const value = sum[i]!
    if (!Number.isFinite(value)) throw new CryptoError('not-finite', `coordinate ${i} is ${value}`)
    integers[i] = Math.max(-WORD_ABS_MAX, Math.min(WORD_ABS_MAX, Math.round(value * scale)))
  }
  return integers
}

/**
 * Clamps every word to ±limit, in place, **before** the noise is added: clamping after it would void the privacy.
 *
 * @param limit   wordMax(|P|) − NOISE_HEADROOM_SIGMA·σ_h, see `clampLimit`
 * @throws CryptoError `out-of-range` when limit < 1
 */
export function clamp(integers: Int32Array, limit: number): void {
  requireInteger(limit, { min: 1, max: WORD_ABS_MAX }, 'clamp limit')
  for (let i = 0; i < integers.length; i++) {
    const value = integers[i]!
    if (value > limit) integers[i] = limit
    else if (value < -limit) integers[i] = -limit
  }
}

/** wordMax − 12σ_h. It may be below 1; `clamp` then throws. */
export function clampLimit({ contributors, sigma }: { contributors: number; sigma: number }): number {
  requireInteger(sigma, { min: 0, max: SIGMA_MAX }, 'sigma')
  return wordMax(contributors) - NOISE_HEADROOM_SIGMA * sigma
}
