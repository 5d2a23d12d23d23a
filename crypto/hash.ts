/**
 * SHA-256 (FIPS 180-4) and the integer encoding of its inputs.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { requireInteger } from './check.ts'

export const HASH_BYTES = 32
const UINT32_MAX = 2 ** 32 - 1

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
