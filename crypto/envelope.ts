/**
 * The signed envelope around every body: Ed25519 over tag ‖ 0x00 ‖ SHA-256(body). Verification uses the received bytes;
 * a body is never encoded again for it.
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

/** The hash keeps a signature's cost, and the input of a hardware key, independent of the body's length. */
const signedBytes = (body: Uint8Array): Uint8Array => Buffer.concat([TAG_ENVELOPE, Uint8Array.of(0), sha256(body)])

/** Signs `body`. */
export function seal(signer: Signer, body: Uint8Array): Envelope {
  return { body, signer: signer.id, signature: signer.sign(signedBytes(body)) }
}

/** Whether the signer signed exactly this body. Malformed input from a peer gives false, never an exception. */
export function verifyEnvelope({ body, signer, signature }: Envelope): boolean {
  return verifySignature(signer, signedBytes(body), signature)
}
