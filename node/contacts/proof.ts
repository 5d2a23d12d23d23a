/**
 * Proofs of an invitation. Each side shows that it has the invitation's key, bound to both peer ids and to both sides'
 * nonces, so that no proof serves twice, for another peer, or in the other direction. The secret is never sent.
 *
 * @module
 */

import { createHmac, timingSafeEqual } from 'node:crypto'
import { TAG_CONTACT_INVITER, TAG_CONTACT_JOINER } from '../../crypto/domain.ts'
import { parsePeerId } from '../storage/identity.ts'

export const CONTACT_NONCE_BYTES = 32

export interface JoinTranscript {
  /** base58btc PeerIds */
  readonly inviter: string
  readonly joiner: string
  /** 32 bytes each */
  readonly inviterNonce: Uint8Array
  readonly joinerNonce: Uint8Array
}

/**
 * HMAC-SHA256(key, tag of the side ‖ inviter's id ‖ joiner's id ‖ inviter's nonce ‖ joiner's nonce): every part has a
 * fixed length.
 *
 * @param key of the invitation, 32 bytes
 */
export function joinProof(key: Uint8Array, side: 'inviter' | 'joiner', transcript: JoinTranscript): Uint8Array {
  const hmac = createHmac('sha256', key).update(side === 'inviter' ? TAG_CONTACT_INVITER : TAG_CONTACT_JOINER)
  hmac.update(parsePeerId(transcript.inviter)).update(parsePeerId(transcript.joiner))
  return new Uint8Array(hmac.update(transcript.inviterNonce).update(transcript.joinerNonce).digest())
}

/** Compares in constant time. */
export function isJoinProof(proof: Uint8Array, expected: Uint8Array): boolean {
  return proof.length === expected.length && timingSafeEqual(proof, expected)
}
