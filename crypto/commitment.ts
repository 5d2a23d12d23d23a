/**
 * Commitment to a self key: in its MANIFEST, a contributor commits to the one key that it may later release. The
 * commitment hides and binds because the key is 32 uniform bytes.
 *
 * @module
 */

import { timingSafeEqual } from 'node:crypto'
import { requireLength } from './check.ts'
import { TAG_COMMITMENT } from './domain.ts'
import { HASH_BYTES, sha256 } from './hash.ts'
import { MASK_KEY_BYTES } from './mask-stream.ts'

/**
 * SHA-256(tag ‖ κ).
 *
 * @param selfKey   32 bytes
 * @throws CryptoError `length-mismatch`
 */
export function commit(selfKey: Uint8Array): Uint8Array {
  requireLength(selfKey, MASK_KEY_BYTES, 'self key')
  return sha256(TAG_COMMITMENT, selfKey)
}

/** Whether `selfKey` opens `commitment`; false for a key or commitment of another length, which a peer may send. */
export function opens(commitment: Uint8Array, selfKey: Uint8Array): boolean {
  if (commitment.length !== HASH_BYTES || selfKey.length !== MASK_KEY_BYTES) return false
  return timingSafeEqual(commit(selfKey), commitment)
}
