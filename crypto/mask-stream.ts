/**
 * G(key): the pseudo-random vector of a mask key. It is one AES-256-CTR keystream (NIST SP 800-38A) from counter 0,
 * read as little-endian words. Word w lies in block ⌊w/4⌋, whatever the chunks of a vector are.
 *
 * @module
 */

import { type Cipher, createCipheriv } from 'node:crypto'
import { requireInteger, requireLength } from './check.ts'
import { CryptoError } from './errors.ts'
import { fromBytes, WORD_BYTES } from './ring.ts'

export const MASK_KEY_BYTES = 32
const WORDS_PER_BLOCK = 4
/** Length of a stream: every word index and byte length is an exact small integer. */
export const STREAM_WORDS_MAX = 2 ** 32

const COUNTER_BYTES = 16
/** Words taken from a cipher at a time: 64 KiB, which stays in the processor's cache while it is added. */
const STEP_WORDS = 1 << 14
const ZEROS = new Uint8Array(STEP_WORDS * WORD_BYTES)

function openCipher(key: Uint8Array, start: number): Cipher {
  const counter = new Uint8Array(COUNTER_BYTES)
  new DataView(counter.buffer).setBigUint64(COUNTER_BYTES - 8, BigInt(start / WORDS_PER_BLOCK))
  return createCipheriv('aes-256-ctr', key, counter)
}

function requireRange(key: Uint8Array, { start, words }: { start: number; words: number }): void {
  requireLength(key, MASK_KEY_BYTES, 'mask key')
  requireInteger(start, { min: 0, max: STREAM_WORDS_MAX }, 'start')
  requireInteger(words, { min: 0, max: STREAM_WORDS_MAX - start }, 'words')
  // an empty range may begin anywhere: an owner without words has the chunk that begins at d
  if (words > 0 && start % WORDS_PER_BLOCK !== 0) {
    throw new CryptoError('unaligned', `start ${start} is not a multiple of ${WORDS_PER_BLOCK}`)
  }
}

/**
 * Words [start, start + words) of G(key).
 *
 * @param key     32 bytes
 * @param range   start a multiple of 4
 * @throws CryptoError `length-mismatch`, `out-of-range`, `unaligned`
 */
export function maskStream(key: Uint8Array, range: { start: number; words: number }): Uint32Array {
  requireRange(key, range)
  if (range.words === 0) return new Uint32Array(0)
  const bytes = new Uint8Array(range.words * WORD_BYTES)
  return fromBytes(openCipher(key, range.start).update(bytes))
}

/**
 * words ±= G(key)[start …] for several keys at once, mod 2^32, in place. Processes the vector in small steps, each with
 * all keys, so that memory stays small and the vector is read from the cache.
 *
 * @param words   d words
 * @param masks   32-byte keys with their signs
 * @param start   word index of words[0], a multiple of 4
 * @throws CryptoError `length-mismatch`, `out-of-range`, `unaligned`
 */
export function applyMasks(
  words: Uint32Array,
  masks: readonly { key: Uint8Array; sign: 1 | -1 }[],
  start: number,
): void {
  for (const { key } of masks) requireRange(key, { start, words: words.length })
  if (words.length === 0) return
  const ciphers = masks.map(({ key, sign }) => ({ cipher: openCipher(key, start), sign }))
  for (let from = 0; from < words.length; from += STEP_WORDS) {
    const step = words.subarray(from, from + STEP_WORDS)
    const zeros = step.length === STEP_WORDS ? ZEROS : ZEROS.subarray(0, step.length * WORD_BYTES)
    for (const { cipher, sign } of ciphers) applyWords(step, cipher.update(zeros), sign)
  }
}

function applyWords(target: Uint32Array, bytes: Uint8Array, sign: 1 | -1): void {
  const mask =
    bytes.byteOffset % WORD_BYTES === 0
      ? new Uint32Array(bytes.buffer, bytes.byteOffset, target.length)
      : fromBytes(bytes)
  if (sign === 1) for (let i = 0; i < target.length; i++) target[i] = (target[i]! + mask[i]!) | 0
  else for (let i = 0; i < target.length; i++) target[i] = (target[i]! - mask[i]!) | 0
}
