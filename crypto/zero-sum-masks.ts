/**
 * Zero-sum masks: pseudo-random zero sharing (Cramer-Damgård-Ishai, TCC 2005), with pair keys from X25519 as in
 * Bonawitz et al., CCS 2017. A hospital's update x_i is split additively,
 *
 *     x_i = y_i − G(κ_i) − Σ_j ± G(s_ij)          + where rank(i) < rank(j), else −
 *
 * so y_i = x_i + G(κ_i) + Σ_j ± G(s_ij). In the sum over all contributors the pair masks cancel. Only the self masks
 * G(κ_i) remain; only contributor i can release κ_i.
 *
 * @module
 */

import { hkdfSync } from 'node:crypto'
import { requireLength } from './check.ts'
import { TAG_PAIR, TAG_SELF } from './domain.ts'
import { CryptoError } from './errors.ts'
import { HASH_BYTES } from './hash.ts'
import { X25519_BYTES } from './key-agreement.ts'
import { applyMasks, MASK_KEY_BYTES } from './mask-stream.ts'
import { addInto } from './ring.ts'
import { PEER_ID_BYTES } from './signature.ts'

export const ROOT_BYTES = 32

/** A pair key with the sign of this hospital's side, see `pairSign`. */
export interface PairMask {
  key: Uint8Array
  sign: 1 | -1
}

/** HKDF-SHA256 (RFC 5869), 32 bytes. */
function derive(ikm: Uint8Array, salt: Uint8Array, info: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', ikm, salt, info, MASK_KEY_BYTES))
}

/**
 * The sign of the pair mask on the side of `own`: + when its rank is smaller. Ranks follow the ascending raw PeerIds,
 * so no roster is needed.
 *
 * @throws CryptoError `length-mismatch`; `same-peer` when both ids are equal
 */
export function pairSign(own: Uint8Array, other: Uint8Array): 1 | -1 {
  requireLength(own, PEER_ID_BYTES, 'own id')
  requireLength(other, PEER_ID_BYTES, 'other id')
  const order = Buffer.compare(own, other)
  if (order === 0) throw new CryptoError('same-peer', 'a peer has no pair key with itself')
  return order < 0 ? 1 : -1
}

/**
 * s_ij, equal at both ends: HKDF-SHA256(ikm = X25519 output, salt = sid, info = tag ‖ smaller id ‖ larger id).
 *
 * @param shared   32 bytes, from `agree`
 * @param sid      32 bytes
 * @param a        raw PeerId of one end, 38 bytes
 * @param b        raw PeerId of the other, in any order
 * @returns 32 bytes
 * @throws CryptoError `length-mismatch`, `same-peer`
 */
export function derivePairKey({
  shared,
  sid,
  a,
  b,
}: {
  shared: Uint8Array
  sid: Uint8Array
  a: Uint8Array
  b: Uint8Array
}): Uint8Array {
  requireLength(shared, X25519_BYTES, 'shared secret')
  requireLength(sid, HASH_BYTES, 'sid')
  const [smaller, larger] = pairSign(a, b) === 1 ? [a, b] : [b, a]
  return derive(shared, sid, Buffer.concat([TAG_PAIR, smaller, larger]))
}

/**
 * κ_i: HKDF-SHA256(ikm = root, salt = sid, info = tag ‖ id).
 *
 * @param root   32 random bytes, fresh per round
 * @param sid    32 bytes
 * @param id     raw PeerId, 38 bytes
 * @returns 32 bytes
 * @throws CryptoError `length-mismatch`
 */
export function deriveSelfKey({ root, sid, id }: { root: Uint8Array; sid: Uint8Array; id: Uint8Array }): Uint8Array {
  requireLength(root, ROOT_BYTES, 'root')
  requireLength(sid, HASH_BYTES, 'sid')
  requireLength(id, PEER_ID_BYTES, 'id')
  return derive(root, sid, Buffer.concat([TAG_SELF, id]))
}

/**
 * Turns a noised update into the residual share y = x + G(κ) + Σ ± G(s), in place.
 *
 * @param words     d words of Z_2^32, two's complement
 * @param selfKey   κ, 32 bytes
 * @param pairs     one key for each *other* contributor, with the sign of this hospital's side
 * @throws CryptoError `length-mismatch` when a key is not 32 bytes; `repeated-key` when two keys are equal, because
 *   with opposite signs they would cancel and leave the update bare
 */
export function maskInto(
  words: Uint32Array,
  { selfKey, pairs }: { selfKey: Uint8Array; pairs: readonly PairMask[] },
): void {
  const masks: PairMask[] = [{ key: selfKey, sign: 1 }, ...pairs]
  for (const { key } of masks) requireLength(key, MASK_KEY_BYTES, 'mask key')
  const distinct = new Set(masks.map(({ key }) => Buffer.from(key).toString('hex')))
  if (distinct.size !== masks.length) throw new CryptoError('repeated-key', 'two mask keys are equal')
  applyMasks(words, masks, 0)
}

/**
 * Subtracts a released self mask from a chunk, in place: words −= G(κ)[start …].
 *
 * @param words     the chunk, or a sum that contains it
 * @param selfKey   κ, 32 bytes
 * @param start     word index of the chunk in the vector, a multiple of 4
 * @throws CryptoError `length-mismatch`, `out-of-range`, `unaligned`
 */
export function unmaskSelfInto(words: Uint32Array, selfKey: Uint8Array, start: number): void {
  requireLength(selfKey, MASK_KEY_BYTES, 'self key')
  applyMasks(words, [{ key: selfKey, sign: -1 }], start)
}

/**
 * S[c] = Σ y_i[c] − G(κ_i)[c] mod 2^32 over all contributors.
 *
 * @param parts each contributor's masked chunk and released self key
 * @param start the chunk's first word in the vector
 */
export function addUnmasked(
  parts: readonly { readonly masked: Uint32Array; readonly selfKey: Uint8Array }[],
  start: number,
): Uint32Array {
  const sum = new Uint32Array(parts[0]?.masked.length ?? 0)
  for (const { masked, selfKey } of parts) {
    addInto(sum, masked)
    unmaskSelfInto(sum, selfKey, start)
  }
  return sum
}
