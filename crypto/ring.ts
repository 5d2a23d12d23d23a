/**
 * Vectors over Z_2^32, stored as Uint32Array; a signed integer is its two's complement.
 *
 * @module
 */

import { CryptoError } from './errors.ts'

export const WORD_BYTES = 4

// every conversion below copies memory as it is, which is little-endian on all but one of Node's architectures
if (new Uint8Array(Uint32Array.of(1).buffer)[0] !== 1) {
  throw new CryptoError('big-endian', 'this machine is big-endian, which is not supported')
}

function requireSameLength(target: ArrayLike<number>, other: ArrayLike<number>): void {
  if (target.length !== other.length) {
    throw new CryptoError('length-mismatch', `vectors of ${target.length} and ${other.length} words`)
  }
}

/**
 * target += other (mod 2^32), in place.
 *
 * @throws CryptoError `length-mismatch`
 */
export function addInto(target: Uint32Array, other: Uint32Array | Int32Array): void {
  requireSameLength(target, other)
  for (let i = 0; i < target.length; i++) target[i] = (target[i]! + other[i]!) | 0
}

/**
 * target −= other (mod 2^32), in place.
 *
 * @throws CryptoError `length-mismatch`
 */
export function subtractInto(target: Uint32Array, other: Uint32Array | Int32Array): void {
  requireSameLength(target, other)
  for (let i = 0; i < target.length; i++) target[i] = (target[i]! - other[i]!) | 0
}

/** The words as little-endian bytes: a copy, 4 bytes a word. */
export function toBytes(words: Uint32Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength).slice()
}

/**
 * Little-endian bytes as words: a copy, so the bytes may lie at any offset of their buffer.
 *
 * @throws CryptoError `length-mismatch` unless the length is a multiple of 4
 */
export function fromBytes(bytes: Uint8Array): Uint32Array {
  if (bytes.length % WORD_BYTES !== 0) {
    throw new CryptoError('length-mismatch', `${bytes.length} bytes are not a whole number of words`)
  }
  const words = new Uint32Array(bytes.length / WORD_BYTES)
  new Uint8Array(words.buffer).set(bytes)
  return words
}

/** The same memory, read as signed integers of [−2^31, 2^31). */
export function toSigned(words: Uint32Array): Int32Array {
  return new Int32Array(words.buffer, words.byteOffset, words.length)
}
