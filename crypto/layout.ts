/**
 * Splits a vector into chunks, one for each owner.
 *
 * @module
 */

import { requireInteger } from './check.ts'
import { CONTRIBUTORS_MAX, SUM_WORDS_MAX } from './fixed-point.ts'

/** Chunks begin at multiples of this: 64 bytes, whole blocks of the mask stream. */
export const CHUNK_ALIGNMENT_WORDS = 16

/** Words [start, start + words) of the vector. */
export interface Chunk {
  index: number
  start: number
  words: number
}

/**
 * |O| contiguous ranges of ⌈d/|O|/16⌉·16 words; the last ones are shorter, or empty where d is small.
 *
 * @param dimension   d ≥ 1, words
 * @param owners      |O| ≥ 1
 * @throws CryptoError `out-of-range`
 */
export function chunkLayout(dimension: number, owners: number): Chunk[] {
  requireInteger(dimension, { min: 1, max: SUM_WORDS_MAX }, 'dimension')
  requireInteger(owners, { min: 1, max: CONTRIBUTORS_MAX }, 'owners')
  const size = Math.ceil(dimension / (owners * CHUNK_ALIGNMENT_WORDS)) * CHUNK_ALIGNMENT_WORDS
  return Array.from({ length: owners }, (_, index) => {
    const start = Math.min(index * size, dimension)
    return { index, start, words: Math.min(size, dimension - start) }
  })
}
