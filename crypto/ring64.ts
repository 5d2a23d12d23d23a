/**
 * Linear functions of a secret vector over Z_2^64: fixed point, additive shares, products with public weights, opening.
 * A vector of n words is a Uint32Array of 2n: the low half of each word, then its high half.
 *
 * Shares are information-theoretically private: all but one of them are uniform, and the last is the secret minus their
 * sum, so that any fewer than all are uniform and independent of the secret. The product of a share with weights is a
 * share of the product, exactly: nothing is rounded after the fixed point.
 *
 * @module Additive secret sharing and its linear operations: Cramer, Damgård, Nielsen, Secure Multiparty Computation and
 * Secret Sharing, Cambridge 2015, chapter 3
 */

import { requireInteger } from './check.ts'
import { CryptoError } from './errors.ts'
import type { Rng } from './rng.ts'

/** Fraction bits of features and of weights; a product has twice as many. */
export const FRACTION_BITS = 24
/** A product must lie below, in absolute value, before it is asked for: half of what 64 bits hold. */
export const PRODUCT_MAX = 2 ** 14
/** Weights must lie below, in absolute value: in fixed point they are integers of 32 bits. */
export const WEIGHT_MAX = 2 ** 7
/** Values must lie below, in absolute value: in fixed point they are safe integers of JavaScript. */
export const VALUE_MAX = 2 ** 24
/** Bytes of one word. */
export const WORD64_BYTES = 8
export const SHARES_MAX = 128

const SCALE = 2 ** FRACTION_BITS
const TWO_32 = 2 ** 32
/** A weight of 31 bits times 16 bits, added so often, stays below 2^53. */
const TERMS_EXACT = 32
const HALF_BITS = 16
const HALF_MASK = 0xffff

/**
 * Real values as fixed point, rounded to the nearest 2^-24.
 *
 * @returns 2n halves
 * @throws CryptoError `out-of-range` for a value that is not finite, or not below VALUE_MAX
 */
export function encodeFixed64(values: ArrayLike<number>): Uint32Array {
  const halves = new Uint32Array(2 * values.length)
  for (let at = 0; at < values.length; at++) {
    const value = values[at]!
    if (!(Math.abs(value) < VALUE_MAX)) throw new CryptoError('out-of-range', `a value is not below ${VALUE_MAX}`)
    const scaled = Math.round(value * SCALE)
    halves[2 * at] = scaled
    halves[2 * at + 1] = Math.floor(scaled / TWO_32)
  }
  return halves
}

/**
 * Weights as fixed point of 32 bits, rounded to the nearest 2^-24.
 *
 * @throws CryptoError `out-of-range` for a weight that is not finite, or not below WEIGHT_MAX
 */
export function encodeWeights(weights: ArrayLike<number>): Int32Array {
  const words = new Int32Array(weights.length)
  for (let at = 0; at < weights.length; at++) {
    const weight = weights[at]!
    const scaled = Math.round(weight * SCALE)
    if (!(Math.abs(scaled) < WEIGHT_MAX * SCALE)) {
      throw new CryptoError('out-of-range', `a weight is not below ${WEIGHT_MAX}`)
    }
    words[at] = scaled
  }
  return words
}

/**
 * Splits a vector into additive shares.
 *
 * @param secret 2n halves
 * @param count  number of shares, 2 to SHARES_MAX
 * @returns      `count` vectors of 2n halves, whose sum is the secret
 * @throws CryptoError `out-of-range`
 */
export function shardVector(secret: Uint32Array, count: number, rng: Rng): Uint32Array[] {
  requireInteger(count, { min: 2, max: SHARES_MAX }, 'shares')
  const shares = Array.from({ length: count - 1 }, () => uniformVector(secret.length / 2, rng))
  const last = shares.reduce((rest, share) => minus64(rest, share), secret)
  return [...shares, last]
}

/** A uniform vector of n words. */
export function uniformVector(words: number, rng: Rng): Uint32Array {
  const halves = new Uint32Array(2 * words)
  rng(new Uint8Array(halves.buffer))
  return halves
}

/** a − b, word by word, mod 2^64. @throws CryptoError `length-mismatch` */
export function minus64(a: Uint32Array, b: Uint32Array): Uint32Array {
  if (a.length !== b.length) throw new CryptoError('length-mismatch', `vectors of ${a.length} and ${b.length} halves`)
  const difference = new Uint32Array(a.length)
  for (let at = 0; at < a.length; at += 2) {
    const low = a[at]! - b[at]!
    difference[at] = low
    difference[at + 1] = a[at + 1]! - b[at + 1]! - (low < 0 ? 1 : 0)
  }
  return difference
}

/**
 * Products of weights with a share.
 *
 * @param weights K rows of n, one after the other
 * @param share   2n halves
 * @returns       K words
 * @throws CryptoError `length-mismatch`
 */
export function multiplyShare(weights: Int32Array, share: Uint32Array): BigUint64Array {
  const length = share.length / 2
  if (length === 0 || weights.length % length !== 0) {
    throw new CryptoError('length-mismatch', `${weights.length} weights are not rows of ${length}`)
  }
  const products = new BigUint64Array(weights.length / length)
  for (let row = 0; row < products.length; row++) products[row] = rowProduct(weights, row * length, share)
  return products
}

/** Sums of quarters of 16 bits are exact in float64; what is carried over is left to BigInt, once in 32 terms. */
function rowProduct(weights: Int32Array, start: number, share: Uint32Array): bigint {
  const length = share.length / 2
  let total = 0n
  for (let from = 0; from < length; from += TERMS_EXACT) {
    const to = Math.min(length, from + TERMS_EXACT)
    let [first, second, third, fourth] = [0, 0, 0, 0]
    for (let at = from; at < to; at++) {
      const weight = weights[start + at]!
      const low = share[2 * at]!
      const high = share[2 * at + 1]!
      first += weight * (low & HALF_MASK)
      second += weight * (low >>> HALF_BITS)
      third += weight * (high & HALF_MASK)
      fourth += weight * (high >>> HALF_BITS)
    }
    total += BigInt(first) + (BigInt(second) << 16n) + (BigInt(third) << 32n) + (BigInt(fourth) << 48n)
  }
  return BigInt.asUintN(64, total)
}

/** Adds vectors of words, mod 2^64. @throws CryptoError `length-mismatch` */
export function sumWords(vectors: readonly BigUint64Array[]): BigUint64Array {
  const sum = new BigUint64Array(vectors[0]?.length ?? 0)
  for (const vector of vectors) {
    if (vector.length !== sum.length) throw new CryptoError('length-mismatch', 'vectors of different lengths')
    for (let at = 0; at < sum.length; at++) sum[at] = sum[at]! + vector[at]!
  }
  return sum
}

/** Opened products as real numbers: two's complement, with twice the fraction bits. */
export function decodeProducts(words: BigUint64Array): Float64Array {
  return Float64Array.from(words, word => Number(BigInt.asIntN(64, word)) / (SCALE * SCALE))
}

/** Words as little-endian bytes: a copy, 8 bytes a word. */
export function wordsToBytes(words: BigUint64Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength).slice()
}

/** Little-endian bytes as words: a copy. @throws CryptoError `length-mismatch` unless the length is a multiple of 8 */
export function wordsFromBytes(bytes: Uint8Array): BigUint64Array {
  if (bytes.length % WORD64_BYTES !== 0) {
    throw new CryptoError('length-mismatch', `${bytes.length} bytes are not a whole number of words of 64 bits`)
  }
  const words = new BigUint64Array(bytes.length / WORD64_BYTES)
  new Uint8Array(words.buffer).set(bytes)
  return words
}
