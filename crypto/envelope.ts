/**
 * The signed envelope around every body: Ed25519 over tag ‖ 0x00 ‖ SHA-256(body), on the bytes as they were sent. A
 * body is never encoded again to verify it.
 *
 * @module
 */

import { TAG_ENVELOPE } from './domain.ts'
import { sha256 } from './hash.ts'
import { type Signer, verifySignature } from './signature.ts'

/** `signer` is a raw PeerId, 38 bytes; `signature` 64 bytes. */
export interface Envelope {
  body: Uint8Array
  signer: Uint8Array
  signature: Uint8Array
}

/** Hashing first keeps a signature's cost, and what a hardware key is shown, independent of the body's length. */
const signedBytes = (body: Uint8Array): Uint8Array => Buffer.concat([TAG_ENVELOPE, Uint8Array.of(0), sha256(body)])

/** Signs `body`. */
export function seal(signer: Signer, body: Uint8Array): Envelope {
  return { body, signer: signer.id, signature: signer.sign(signedBytes(body)) }
}

/** Whether the signer signed exactly this body. False, never an exception, on whatever a peer may send. */
export function verifyEnvelope({ body, signer, signature }: Envelope): boolean {
  return verifySignature(signer, signedBytes(body), signature)
}
