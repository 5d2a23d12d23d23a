/**
 * Alias table (Walker 1977; Vose 1991) of integer weights that add up to exactly 2^94: a draw takes three random words
 * and has exactly these probabilities. Every draw performs the same operations; the index of the entry that it reads
 * may leak through the processor's cache.
 *
 * @module
 */

import { CryptoError } from '../errors.ts'
import { WEIGHT_BITS } from './gaussian-weights.ts'

export const WORDS_PER_DRAW = 3

const LIMB_BITS = 31n
const LIMB = (1n << LIMB_BITS) - 1n

/**
 * 2^indexBits entries of four words: the threshold from its highest limb (32 − indexBits, 31 and 31 bits), the alias.
 */
export interface AliasTable {
  readonly indexBits: number
  readonly entries: Int32Array
}

/**
 * @param weights     at most 2^indexBits, none negative, adding up to 2^94; missing ones are zero
 * @param indexBits   2 to 16; a power of two, so that the index is exact bits
 * @throws CryptoError `out-of-range`
 */
export function buildAliasTable(weights: readonly bigint[], indexBits: number): AliasTable {
  const size = 2 ** indexBits
  if (!Number.isInteger(indexBits) || indexBits < 2 || indexBits > 16 || weights.length > size) {
    throw new CryptoError('out-of-range', 'table size')
  }
  const sum = weights.reduce((total, weight) => total + weight, 0n)
  if (sum !== 1n << BigInt(WEIGHT_BITS) || weights.some(weight => weight < 0n)) {
    throw new CryptoError('out-of-range', 'weights')
  }
  const capacity = 1n << BigInt(WEIGHT_BITS - indexBits)
  const rest = Array.from({ length: size }, (_, i) => weights[i] ?? 0n)
  const small: number[] = []
  const large: number[] = []
  for (const [i, weight] of rest.entries()) (weight < capacity ? small : large).push(i)
  const entries = new Int32Array(4 * size)
  const set = (i: number, threshold: bigint, alias: number): void => {
    entries[4 * i] = Number(threshold >> (2n * LIMB_BITS))
    entries[4 * i + 1] = Number((threshold >> LIMB_BITS) & LIMB)
    entries[4 * i + 2] = Number(threshold & LIMB)
    entries[4 * i + 3] = alias
  }
  for (let i = small.pop(); i !== undefined; i = small.pop()) {
    const giver = large[large.length - 1]!
    set(i, rest[i]!, giver)
    rest[giver]! -= capacity - rest[i]!
    if (rest[giver]! < capacity) small.push(large.pop()!)
  }
  for (const i of large) set(i, capacity, i)
  return { indexBits, entries }
}

/** Probability of every index times 2^94, read back from the table as `addDraws` would use it. */
export function aliasWeights({ indexBits, entries }: AliasTable): bigint[] {
  const capacity = 1n << BigInt(WEIGHT_BITS - indexBits)
  const weights: bigint[] = new Array(2 ** indexBits).fill(0n)
  for (let i = 0; i < weights.length; i++) {
    const [high, middle, low, alias] = entries.subarray(4 * i, 4 * i + 4)
    const threshold = (BigInt(high!) << (2n * LIMB_BITS)) + (BigInt(middle!) << LIMB_BITS) + BigInt(low!)
    weights[i]! += threshold
    weights[alias!]! += capacity - threshold
  }
  return weights
}

/**
 * Adds scale·(draw − offset) to every word of `target`, modulo 2^32, in place.
 *
 * @param words   3 uniform words for every word of target
 */
export function addDraws(
  target: Int32Array | Uint32Array,
  table: AliasTable,
  { scale, offset, words }: { scale: number; offset: number; words: Uint32Array },
): void {
  if (words.length < WORDS_PER_DRAW * target.length) throw new CryptoError('out-of-range', 'words')
  const { entries, indexBits } = table
  const mask = 2 ** indexBits - 1
  for (let i = 0, p = 0; i < target.length; i++, p += WORDS_PER_DRAW) {
    const first = words[p]!
    const index = first & mask
    const entry = index << 2
    // limbs have 31 bits: the sign of the difference is the borrow, and nothing branches
    let below = ((words[p + 2]! >>> 1) - entries[entry + 2]!) >>> 31
    below = ((words[p + 1]! >>> 1) - entries[entry + 1]! - below) >>> 31
    below = ((first >>> indexBits) - entries[entry]! - below) >>> 31
    const alias = entries[entry + 3]!
    const draw = alias + (index - alias) * below - offset
    target[i] = (target[i]! + scale * draw) | 0
  }
}
