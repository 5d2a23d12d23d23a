/**
 * The discrete Gaussian P(j) ∝ exp(−j²/(2v)) for a rational variance v, as integer weights that add up to exactly
 * 2^WEIGHT_BITS. All arithmetic is in integers with 192 fractional bits. Error bounds, in units of 2^−192: 2^7 for the
 * Taylor series of q = exp(−1/(2v)), 2^9·j for the powers q^(2j−1), 2^9·j² ≤ 2^31 for the weights with j < 2^11. Summed
 * over the table the errors stay below 2^−148, while the weights are rounded to multiples of 2^−94.
 *
 * @module
 */

import { CryptoError } from '../errors.ts'

export const WEIGHT_BITS = 94

const FRACTION_BITS = 192n
const ONE = 1n << FRACTION_BITS

/** A positive rational number. */
export interface Rational {
  readonly numerator: bigint
  readonly denominator: bigint
}

/** 2^192·exp(−x) for a rational 0 ≤ x ≤ 1/2: the terms alternate and shrink, and each is truncated by less than 1. */
function exponential({ numerator, denominator }: Rational): bigint {
  let [sum, term] = [ONE, ONE]
  for (let k = 1n; term > 0n; k++) {
    term = (term * numerator) / (denominator * k)
    sum += k % 2n === 1n ? -term : term
  }
  return sum
}

/** 2^192·exp(−j²/(2v)) for j = 0 … reach. */
function gaussianValues(variance: Rational, reach: number): bigint[] {
  if (variance.numerator < variance.denominator) throw new CryptoError('out-of-range', 'variance below 1')
  const q = exponential({ numerator: variance.denominator, denominator: 2n * variance.numerator })
  const square = (q * q) >> FRACTION_BITS
  const values = [ONE]
  let step = q
  for (let j = 1; j <= reach; j++) {
    values.push((values[j - 1]! * step) >> FRACTION_BITS)
    step = (step * square) >> FRACTION_BITS
  }
  return values
}

/**
 * Weights of j = −reach … reach, at index j + reach; the remainder of the rounding is added to j = 0. The total
 * variation distance to the untruncated distribution is below (2·reach + 1)·2^−95 for the rounding, plus its tail
 * beyond the reach.
 *
 * @param variance   at least 1
 * @throws CryptoError `out-of-range`
 */
export function gaussianWeights(variance: Rational, reach: number): bigint[] {
  const values = gaussianValues(variance, reach)
  const total = values.reduce((sum, value) => sum + 2n * value, -ONE)
  const half = values.map(value => ((value << BigInt(WEIGHT_BITS)) + total / 2n) / total)
  const rest = (1n << BigInt(WEIGHT_BITS)) - half.reduce((sum, weight) => sum + 2n * weight, -half[0]!)
  const weights: bigint[] = new Array(2 * reach + 1)
  for (let j = 0; j <= reach; j++) {
    weights[reach + j] = half[j]!
    weights[reach - j] = half[j]!
  }
  weights[reach] = half[0]! + rest
  return weights
}
