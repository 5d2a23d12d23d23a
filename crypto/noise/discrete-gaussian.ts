/**
 * Sampler of the discrete Gaussian P(y) ∝ exp(−y²/(2σ²)) on the integers, by convolution of table draws (Pöppelmann,
 * Ducas, Güneysu, CHES 2014; Micciancio, Walter, CRYPTO 2017): y = x₁ + K·z with σ² = s² + K²·var(z) exactly, x₁ from a
 * table of variance s² and z from a table or again a sum. No floating-point probability occurs.
 *
 * Proof. For exact x₁ and z the sum has P(y) ∝ exp(−y²/(2σ²))·Σ_z exp(−(z − c_y)²/(2τ²)), τ² = s²·var(z)/σ² (complete
 * the square). By Poisson summation the inner sum is τ√(2π)·(1 + e), |e| ≤ ε = 2·Σ_{j≥1} exp(−2π²τ²j²) for every centre
 * c_y, so the total variation distance between y and the discrete Gaussian is at most ε/(1 − ε). K is chosen so that
 * τ² ≥ 3.3 (TAU_SQUARED_MIN_TENTHS), hence ε < 2^−92. The errors of a table are its rounding and its tail truncation
 * (`gaussian-weights.ts`), and the distances of independent parts add up. `distanceBound` adds them for a given σ; the
 * sum is below 2^−80 for every σ of [1, 2^20].
 *
 * Every sample takes the same number of random words and the same operations.
 *
 * @module
 */

import { requireInteger } from '../check.ts'
import { SIGMA_MAX } from '../fixed-point.ts'
import { READER_WORDS_MAX, type Rng } from '../rng.ts'
import { type AliasTable, addDraws, buildAliasTable, WORDS_PER_DRAW } from './alias-table.ts'
import { gaussianWeights, type Rational, WEIGHT_BITS } from './gaussian-weights.ts'

export const SAMPLES_MAX = 2 ** 28

/** Variance of the lower parts of a sum. */
const BASE_VARIANCE = 152n ** 2n
/** Variance up to which one table suffices: its tail begins at 2047, 11.5 standard deviations. */
const TABLE_VARIANCE_MAX = 178n ** 2n
/** Standard deviations at which a table truncates the tails, at least. */
const TAIL_DEVIATIONS = 11.5
/** Smallest τ², 3.3, in tenths. */
const TAU_SQUARED_MIN_TENTHS = 33n
/** Most cached tables. */
const TABLES_KEPT = 24

/** One summand: scale times a draw of this variance from a table of 2^indexBits entries. */
export interface Part {
  readonly scale: number
  readonly variance: Rational
  readonly indexBits: number
}

function partOf(variance: Rational, scale: number): Part {
  const deviation = Math.sqrt(Number(variance.numerator) / Number(variance.denominator))
  let indexBits = 4
  while (2 ** (indexBits - 1) - 1 < TAIL_DEVIATIONS * deviation) indexBits++
  return { scale, variance, indexBits }
}

/** Largest K with K² ≤ fraction. */
function rootBelow({ numerator, denominator }: Rational): bigint {
  let root = BigInt(Math.floor(Math.sqrt(Number(numerator) / Number(denominator)))) + 1n
  while (root * root * denominator > numerator) root--
  return root
}

/** The summands for σ, the smallest scale first; their variances times scale² add up to σ² exactly. */
export function partsOf(sigma: number): Part[] {
  requireInteger(sigma, { min: 1, max: SIGMA_MAX }, 'sigma')
  const parts: Part[] = []
  let [numerator, denominator, scale] = [BigInt(sigma) ** 2n, 1n, 1]
  while (numerator > TABLE_VARIANCE_MAX * denominator) {
    const rest = numerator - BASE_VARIANCE * denominator
    // τ² = s²·rest/(K²·numerator) ≥ 3.3; the remaining variance must not fall below 1 either
    const byTau = rootBelow({ numerator: 10n * BASE_VARIANCE * rest, denominator: TAU_SQUARED_MIN_TENTHS * numerator })
    parts.push(partOf({ numerator: BASE_VARIANCE, denominator: 1n }, scale))
    ;[numerator, denominator, scale] = [rest, denominator * byTau * byTau, scale * Number(byTau)]
  }
  parts.push(partOf({ numerator, denominator }, scale))
  return parts
}

/** Upper bound of the total variation distance between one sample and the discrete Gaussian, by the proof above. */
export function distanceBound(sigma: number): number {
  const parts = partsOf(sigma)
  let bound = 0
  let variance = sigma ** 2
  parts.forEach((part, i) => {
    const own = Number(part.variance.numerator) / Number(part.variance.denominator)
    const reach = 2 ** (part.indexBits - 1) - 1
    bound += (2 * reach + 1) * 2 ** -(WEIGHT_BITS + 1)
    // the sum over the tail is at most the integral, and the normalisation at least √(2π·own)
    bound += (2 * (own / reach) * Math.exp(-(reach ** 2) / (2 * own))) / Math.sqrt(2 * Math.PI * own)
    const next = parts[i + 1]
    if (next === undefined) return
    const rest = (variance - own) / (next.scale / part.scale) ** 2
    const tauSquared = (own * rest) / variance
    // the terms from j = 2 on add up to less than the cube of the first
    bound += 2.001 * Math.exp(-2 * Math.PI ** 2 * tauSquared)
    variance = rest
  })
  return bound * (1 + 2 ** -30)
}

const tables = new Map<string, AliasTable>()

/** The part's table, from a cache that drops the least recently used; building one takes milliseconds. */
export function tableOf({ variance, indexBits }: Part): AliasTable {
  const key = `${variance.numerator}/${variance.denominator}`
  const kept = tables.get(key)
  const table = kept ?? buildAliasTable(gaussianWeights(variance, 2 ** (indexBits - 1) - 1), indexBits)
  tables.delete(key)
  tables.set(key, table)
  const oldest = tables.keys().next()
  if (tables.size > TABLES_KEPT && !oldest.done) tables.delete(oldest.value)
  return table
}

/**
 * Adds one independent sample to every word, in Z_2^32, in place.
 *
 * @param target   d words, two's complement; already clamped
 * @param sigma    standard deviation in integer units, an integer of [1, 2^20]
 * @param rng      cryptographically secure
 * @throws CryptoError `out-of-range`
 */
export function addDiscreteGaussian(target: Int32Array | Uint32Array, sigma: number, rng: Rng): void {
  const parts = partsOf(sigma).map(part => ({ ...part, table: tableOf(part), offset: 2 ** (part.indexBits - 1) - 1 }))
  const length = Math.min(target.length, Math.floor(READER_WORDS_MAX / WORDS_PER_DRAW))
  const words = new Uint32Array(WORDS_PER_DRAW * length)
  for (let start = 0; start < target.length; start += length) {
    const piece = target.subarray(start, start + length)
    const drawn = words.subarray(0, WORDS_PER_DRAW * piece.length)
    const bytes = new Uint8Array(drawn.buffer, 0, drawn.byteLength)
    for (const { table, scale, offset } of parts) {
      rng(bytes)
      addDraws(piece, table, { scale, offset, words: drawn })
    }
  }
  words.fill(0)
}

/**
 * `count` independent samples.
 *
 * @param sigma   standard deviation, an integer of [1, 2^20]
 * @throws CryptoError `out-of-range`
 */
export function sampleDiscreteGaussian(sigma: number, count: number, rng: Rng): Int32Array {
  requireInteger(count, { min: 0, max: SAMPLES_MAX }, 'count')
  const samples = new Int32Array(count)
  addDiscreteGaussian(samples, sigma, rng)
  return samples
}
