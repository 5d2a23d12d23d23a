/**
 * A linear fingerprint of a vector over Z_2^32: 64 sums over random subsets of its words. The fingerprint of a sum is
 * the sum of the fingerprints, so the fingerprints of its parts suffice to check a claimed sum. In a vector that
 * differs in any word, each of the 64 sums differs with probability at least 1/2, so a wrong vector passes with
 * probability 2^-64 at most, provided that it was fixed before the challenge (Freivalds, MFCS 1979, with 0/1 vectors).
 *
 * @module
 */

import { requireInteger, requireLength } from './check.ts'
import { TAG_CHALLENGE } from './domain.ts'
import { HASH_BYTES, sha256 } from './hash.ts'
import { MASK_KEY_BYTES, maskStream, STREAM_WORDS_MAX } from './mask-stream.ts'
import { addInto } from './ring.ts'

/** Sums of a fingerprint: a wrong vector passes with probability 2^-64. On the wire: little-endian words, 256 bytes. */
export const FINGERPRINT_SUMS = 64

/** Stream words for one coordinate, one bit for each sum. */
const SUBSET_WORDS = FINGERPRINT_SUMS / 32
/** Coordinates that are processed at a time: 64 KiB of stream. */
const STEP_WORDS = 1 << 13
const BYTE_VALUES = 256
const LANES = FINGERPRINT_SUMS / 8

/**
 * The challenge that a round's fingerprints answer: SHA-256(tag ‖ sid ‖ hash of each chunk's sum, in order). An owner
 * claims its sum before it can know the challenge.
 *
 * @param sid    32 bytes
 * @param sums   32 bytes each
 * @returns 32 bytes
 * @throws CryptoError `length-mismatch`
 */
export function fingerprintChallenge({ sid, sums }: { sid: Uint8Array; sums: readonly Uint8Array[] }): Uint8Array {
  requireLength(sid, HASH_BYTES, 'sid')
  for (const sum of sums) requireLength(sum, HASH_BYTES, 'hash of a sum')
  return sha256(TAG_CHALLENGE, sid, ...sums)
}

/**
 * The 64 subset sums of words[start …] of a vector, mod 2^32: bit b of the 64-bit word w of G(challenge), which is its
 * words 2w (low) and 2w + 1 (high), picks coordinate w into sum b. Fingerprints of chunks add up to the vector's.
 *
 * @param words       any part of the vector
 * @param challenge   32 bytes
 * @param start       coordinate of words[0], even; chunks begin at multiples of 16
 * @throws CryptoError `length-mismatch`, `out-of-range`, `unaligned`
 */
export function fingerprint(words: Uint32Array, challenge: Uint8Array, start = 0): Uint32Array {
  requireLength(challenge, MASK_KEY_BYTES, 'challenge')
  requireInteger(start, { min: 0, max: STREAM_WORDS_MAX / SUBSET_WORDS - words.length }, 'start')
  // for each byte of the 64-bit words, sums of the coordinates by that byte's value: 8 additions a coordinate, not 64
  const buckets = new Int32Array(LANES * BYTE_VALUES)
  for (let from = 0; from < words.length; from += STEP_WORDS) {
    const step = words.subarray(from, from + STEP_WORDS)
    const range = { start: SUBSET_WORDS * (start + from), words: SUBSET_WORDS * step.length }
    addToBuckets(buckets, step, maskStream(challenge, range))
  }
  return sumsOf(buckets)
}

function addToBuckets(buckets: Int32Array, words: Uint32Array, stream: Uint32Array): void {
  for (let w = 0; w < words.length; w++) {
    const word = words[w]! | 0
    const low = stream[2 * w]! | 0
    const high = stream[2 * w + 1]! | 0
    buckets[low & 0xff]! += word
    buckets[0x100 | ((low >>> 8) & 0xff)]! += word
    buckets[0x200 | ((low >>> 16) & 0xff)]! += word
    buckets[0x300 | (low >>> 24)]! += word
    buckets[0x400 | (high & 0xff)]! += word
    buckets[0x500 | ((high >>> 8) & 0xff)]! += word
    buckets[0x600 | ((high >>> 16) & 0xff)]! += word
    buckets[0x700 | (high >>> 24)]! += word
  }
}

/** Sum b is over the buckets of byte ⌊b/8⌋ whose value has bit b mod 8. */
function sumsOf(buckets: Int32Array): Uint32Array {
  const sums = new Uint32Array(FINGERPRINT_SUMS)
  for (let b = 0; b < FINGERPRINT_SUMS; b++) {
    const lane = (b >> 3) * BYTE_VALUES
    for (let value = 0; value < BYTE_VALUES; value++) {
      if ((value >> (b & 7)) & 1) sums[b]! += buckets[lane + value]!
    }
  }
  return sums
}

/**
 * The fingerprint of a sum from those of its summands, or of a vector from those of its chunks, under one challenge.
 *
 * @throws CryptoError `length-mismatch` unless each has 64 words
 */
export function addFingerprints(parts: Iterable<Uint32Array>): Uint32Array {
  const sums = new Uint32Array(FINGERPRINT_SUMS)
  for (const part of parts) addInto(sums, part)
  return sums
}
