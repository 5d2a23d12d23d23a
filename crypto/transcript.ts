/**
 * The hash chain of a study's certified results, the choice of a view's proposer, and the session id from which a
 * view's keys derive.
 *
 * @module
 */

import { requireInteger, requireLength } from './check.ts'
import { TAG_GENESIS, TAG_PROPOSER, TAG_RESULT, TAG_SID, TAG_VOID } from './domain.ts'
import { HASH_BYTES, sha256, u32be } from './hash.ts'

/**
 * The chain's first hash, before any round.
 *
 * @param study   studyId, 32 bytes
 * @throws CryptoError `length-mismatch`
 */
export function genesisHash(study: Uint8Array): Uint8Array {
  requireLength(study, HASH_BYTES, 'study')
  return sha256(TAG_GENESIS, study)
}

/**
 * The chain's hash after a round with a result: SHA-256(tag ‖ previous ‖ SHA-256(value)).
 *
 * @param previous   32 bytes
 * @param value      the certified value's bytes
 * @throws CryptoError `length-mismatch`
 */
export function resultHash({ previous, value }: { previous: Uint8Array; value: Uint8Array }): Uint8Array {
  requireLength(previous, HASH_BYTES, 'previous')
  return sha256(TAG_RESULT, previous, sha256(value))
}

/**
 * The chain's hash after a VOID round, one without a result: SHA-256(tag ‖ previous ‖ u32be round).
 *
 * @throws CryptoError `length-mismatch`, `out-of-range`
 */
export function voidHash({ previous, round }: { previous: Uint8Array; round: number }): Uint8Array {
  requireLength(previous, HASH_BYTES, 'previous')
  return sha256(TAG_VOID, previous, u32be(round))
}

/**
 * Index in the roster of a view's proposer: (u64be(first 8 bytes of SHA-256(tag ‖ study ‖ u32be round)) + view) mod n.
 *
 * @param count   n, members of the roster
 * @throws CryptoError `length-mismatch`, `out-of-range`
 */
export function proposerIndex({
  study,
  round,
  view,
  count,
}: {
  study: Uint8Array
  round: number
  view: number
  count: number
}): number {
  requireLength(study, HASH_BYTES, 'study')
  requireInteger(view, { min: 0, max: 2 ** 32 - 1 }, 'view')
  requireInteger(count, { min: 1, max: 2 ** 32 - 1 }, 'count')
  const hash = sha256(TAG_PROPOSER, study, u32be(round))
  const first = new DataView(hash.buffer, hash.byteOffset).getBigUint64(0)
  return Number((first + BigInt(view)) % BigInt(count))
}

/**
 * The session id, sid: SHA-256(tag ‖ study ‖ u32be round ‖ u32be view ‖ open). Every key of a view derives from it, so
 * two views, or two OPENs of one view, never share a key.
 *
 * @param open   SHA-256 of the OPEN body, 32 bytes
 * @throws CryptoError `length-mismatch`, `out-of-range`
 */
export function sessionId({
  study,
  round,
  view,
  open,
}: {
  study: Uint8Array
  round: number
  view: number
  open: Uint8Array
}): Uint8Array {
  requireLength(study, HASH_BYTES, 'study')
  requireLength(open, HASH_BYTES, 'open')
  return sha256(TAG_SID, study, u32be(round), u32be(view), open)
}
