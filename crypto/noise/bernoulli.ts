/**
 * Exact Bernoulli draws with rational and exponential probabilities (Canonne-Kamath-Steinke, NeurIPS 2020, algorithm
 * 1). They are the innermost loop of the sampler, so the caller checks their arguments, once per vector.
 *
 * @module
 */

import type { RandomReader } from '../rng.ts'

// numerators below these bounds are compared with 32 or 11 random bits at a time, so that products stay below 2^53
const NUMERATOR_32_BITS_MAX = 2 ** 21
const NUMERATOR_11_BITS_MAX = 2 ** 42

/**
 * Bernoulli(numerator/denominator), 0 ≤ numerator ≤ denominator ≤ 2^53, exactly. Compares the binary expansion of the
 * fraction with random bits, the highest first, until they differ; nearly always one word is enough.
 */
export function bernoulli(reader: RandomReader, numerator: number, denominator: number): boolean {
  let rest = numerator
  for (;;) {
    const bits = rest < NUMERATOR_32_BITS_MAX ? 32 : rest < NUMERATOR_11_BITS_MAX ? 11 : 1
    const shifted = rest * 2 ** bits
    let digit = Math.floor(shifted / denominator)
    // the division may have been rounded up to an integer; multiplication and subtraction are exact
    if (digit * denominator > shifted) digit--
    const random = reader.uniformUint32() >>> (32 - bits)
    if (random !== digit) return random < digit
    rest = shifted - digit * denominator
    if (rest === 0) return false
  }
}

/**
 * Bernoulli(exp(−numerator/denominator)), 0 ≤ numerator ≤ denominator ≤ 2^41, by von Neumann's series: the length of a
 * run of successes with probabilities x, x/2, x/3, … is even with probability exp(−x). The product below would exceed
 * the exact integers only in a run of 4096 successes, which has a probability of at most 1/4096!.
 */
export function bernoulliExp(reader: RandomReader, numerator: number, denominator: number): boolean {
  let k = 1
  while (bernoulli(reader, numerator, denominator * k)) k++
  return k % 2 === 1
}

/** Bernoulli(exp(−1)): the same series, whose first success is certain. */
export function bernoulliExpOne(reader: RandomReader): boolean {
  let k = 2
  while (bernoulli(reader, 1, k)) k++
  return k % 2 === 1
}
