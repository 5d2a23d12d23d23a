/**
 * A client pass: one hospital of a study says that a client may ask the study's hospitals for private predictions. Every
 * hospital of the study that serves predictions honours it until it expires.
 *
 * @module
 */

import type { z } from 'zod'
import { z as zod } from 'zod'
import { seal, verifyEnvelope } from '../../crypto/envelope.ts'
import { WEIGHT_MAX } from '../../crypto/ring64.ts'
import { PEER_ID_BYTES, SIGNATURE_BYTES, type Signer } from '../../crypto/signature.ts'
import { decode, encode } from '../encoding/codec.ts'
import { bytesOf, hash32, real, record, uint32, whole } from '../encoding/fields.ts'
import { ProtocolError } from '../errors.ts'

export const CLIENT_PASS_BYTES_MAX = 1024
/** A row of weights, each below WEIGHT_MAX, of at most 2^20 features. */
const WEIGHT_NORM_MAX = WEIGHT_MAX * 2 ** 10

const ENVELOPE = zod.tuple([zod.instanceof(Uint8Array), bytesOf(PEER_ID_BYTES), bytesOf(SIGNATURE_BYTES)])
/** `type` sets it apart from everything else that is signed. */
const BODY = record({
  type: zod.literal('client-pass'),
  study: hash32,
  /** raw PeerId of the client, which proves it with every connection */
  client: bytesOf(PEER_ID_BYTES),
  /** the one whose head is asked */
  checkpoint: hash32,
  round: uint32,
  /** SHA-256 of the checkpoint's normalisation, little-endian float32 */
  normalisation: hash32,
  /** at least the Euclidean norm of the weights of each class, the bias among them */
  weightNorm: real(0, WEIGHT_NORM_MAX),
  /** ms since 1970 */
  expires: whole(0, Number.MAX_SAFE_INTEGER),
})

export type ClientPassTerms = Omit<z.output<typeof BODY>, 'type'>

export interface ClientPass extends ClientPassTerms {
  /** raw PeerId of the hospital that signed it */
  readonly issuer: Uint8Array
  /** as signed */
  readonly bytes: Uint8Array
}

/** Signs a pass as a hospital. */
export function issuePass(signer: Signer, terms: ClientPassTerms): ClientPass {
  const body = encode({ type: 'client-pass', ...terms })
  const { signature } = seal(signer, body)
  return { ...terms, issuer: signer.id, bytes: encode([body, signer.id, signature]) }
}

/** Verifies a pass's signature; who signed it, and until when it is good, is for the caller. @throws ProtocolError `bad-pass` */
export function openPass(bytes: Uint8Array): ClientPass {
  try {
    const [body, issuer, signature] = ENVELOPE.parse(decode(bytes, CLIENT_PASS_BYTES_MAX))
    if (!verifyEnvelope({ body, signer: issuer, signature }))
      throw new ProtocolError('bad-pass', 'its signature is wrong')
    const { type: _, ...terms } = BODY.parse(decode(body, CLIENT_PASS_BYTES_MAX))
    return { ...terms, issuer, bytes }
  } catch (cause) {
    throw new ProtocolError('bad-pass', 'This is not a client pass that a hospital has signed', { cause })
  }
}
