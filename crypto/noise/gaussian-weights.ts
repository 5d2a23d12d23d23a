/**
 * The discrete Gaussian P(j) ∝ exp(−j²/(2v)) for a rational variance v, as integer weights that add up to exactly
 * 2^WEIGHT_BITS. Everything is computed in integers of 192 fractional bits. With errors counted in 2^−192: the Taylor
 * series of q = exp(−1/(2v)) is wrong by less than 2^7, the powers q^(2j−1) by less than 2^9·j, the weights by less than
 * 2^9·j² ≤ 2^31 for j < 2^11: below 2^−148 even summed over the table, where the weights are rounded at 2^−94.
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

/** exp(−x) for a rational 0 ≤ x ≤ 1/2, times 2^192: the terms alternate and shrink, each is cut by less than one unit. */
function exponential({ numerator, denominator }: Rational): bigint {
  let [sum, term] = [ONE, ONE]
  for (let k = 1n; term > 0n; k++) {
    term = (term * numerator) / (denominator * k)
    sum += k % 2n === 1n ? -term : term
  }
  return sum
}

/** exp(−j²/(2v)) times 2^192 for j = 0 … reach. */
export function gaussianValues(variance: Rational, reach: number): bigint[] {
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
 * Weights of j = −reach … reach, index j + reach; what the rounding left over goes to zero. The total variation distance
 * to the untruncated law is below (2·reach + 1)·2^−95 for the rounding, plus the law's tail beyond the reach.
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
