/**
 * SHA-256 (FIPS 180-4) and the two integer encodings of its inputs.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { requireInteger } from './check.ts'
import { CryptoError } from './errors.ts'

export const HASH_BYTES = 32
export const UINT32_MAX = 2 ** 32 - 1

const UINT64_MAX = 2n ** 64n - 1n

/** SHA-256 of the concatenation of `parts`: 32 bytes, a plain Uint8Array and not a Buffer. */
export function sha256(...parts: Uint8Array[]): Uint8Array {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return new Uint8Array(hash.digest())
}

/**
 * Four bytes, big-endian.
 *
 * @throws CryptoError `out-of-range` unless 0 ≤ n < 2^32
 */
export function u32be(n: number): Uint8Array {
  requireInteger(n, { min: 0, max: UINT32_MAX }, 'u32')
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, n)
  return bytes
}

/**
 * Eight bytes, big-endian. A `number` must be a safe integer.
 *
 * @throws CryptoError `out-of-range` unless 0 ≤ n < 2^64
 */
export function u64be(n: bigint | number): Uint8Array {
  if (typeof n === 'number') requireInteger(n, { min: 0, max: Number.MAX_SAFE_INTEGER }, 'u64')
  const value = BigInt(n)
  if (value < 0n || value > UINT64_MAX) throw new CryptoError('out-of-range', `u64 is ${value}`)
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, value)
  return bytes
}
