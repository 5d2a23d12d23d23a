/**
 * What a client and a hospital say to each other: first the pass, then shares, of which each answer is signed.
 *
 * @module
 */

import { z } from 'zod'
import { seal, verifyEnvelope } from '../../crypto/envelope.ts'
import { sha256 } from '../../crypto/hash.ts'
import { WORD64_BYTES, wordsFromBytes, wordsToBytes } from '../../crypto/ring64.ts'
import { SIGNATURE_BYTES, type Signer } from '../../crypto/signature.ts'
import { decode, encode } from '../encoding/codec.ts'
import { bytesOf, bytesUpTo, hash32, record } from '../encoding/fields.ts'
import { ProtocolError } from '../errors.ts'
import { CLASSES_MAX } from '../study/limits.ts'
import { CLIENT_PASS_BYTES_MAX } from './client-pass.ts'
import { PREDICTION_REFUSALS } from './refusal.ts'

export const PREDICTION_PROTOCOL = '/confrere/prediction/1.0.0'
/** What a peer without a pass may send. */
export const GREETING_BYTES_MAX = CLIENT_PASS_BYTES_MAX + 64
/** Shares of one request. */
export const SHARES_PER_REQUEST_MAX = 32
/** All shares of one request, 8 bytes a word. */
const SHARE_BYTES_MAX = 8 << 20
export const REQUEST_BYTES_MAX = SHARE_BYTES_MAX + 4096
const ANSWER_BYTES_MAX = CLASSES_MAX * WORD64_BYTES
export const REPLY_BYTES_MAX = SHARES_PER_REQUEST_MAX * (ANSWER_BYTES_MAX + 128) + 4096

const MESSAGE = z.union([
  record({ pass: bytesUpTo(CLIENT_PASS_BYTES_MAX) }),
  record({ checkpoint: hash32, shares: z.array(bytesUpTo(SHARE_BYTES_MAX)).min(1).max(SHARES_PER_REQUEST_MAX) }),
])
const ANSWER = record({ words: bytesUpTo(ANSWER_BYTES_MAX), signature: bytesOf(SIGNATURE_BYTES) })
const REPLY = z.union([
  record({ refused: z.enum(PREDICTION_REFUSALS) }),
  record({ welcome: z.literal(true) }),
  record({ answers: z.array(ANSWER).max(SHARES_PER_REQUEST_MAX) }),
])

export type PredictionMessage = z.output<typeof MESSAGE>
export type PredictionReply = z.output<typeof REPLY>

/** A share's product with the head, signed. */
export type SignedAnswer = z.output<typeof ANSWER>

/** Shares of so many words that fit into one request; 0: not even one does. */
export function sharesPerRequest(words: number): number {
  return Math.min(SHARES_PER_REQUEST_MAX, Math.floor(SHARE_BYTES_MAX / (words * WORD64_BYTES)))
}

export function encodePrediction(message: PredictionMessage | PredictionReply): Uint8Array {
  return encode(message)
}

/** @throws ProtocolError `bad-request`, or as `decode` */
export function decodePredictionMessage(bytes: Uint8Array): PredictionMessage {
  return parsed(MESSAGE, decode(bytes, REQUEST_BYTES_MAX))
}

/** @throws ProtocolError `bad-request`, or as `decode` */
export function decodePredictionReply(bytes: Uint8Array): PredictionReply {
  return parsed(REPLY, decode(bytes, REPLY_BYTES_MAX))
}

function parsed<Value>(schema: z.ZodType<Value>, value: unknown): Value {
  const found = schema.safeParse(value)
  if (found.success) return found.data
  throw new ProtocolError('bad-request', 'not a message about a private prediction')
}

/** What an answer is about. */
export interface Answered {
  readonly study: Uint8Array
  readonly checkpoint: Uint8Array
  /** as it was sent */
  readonly share: Uint8Array
}

/** `type` sets it apart from everything else that is signed; the hash binds the answer to the share. */
function signedBody({ study, checkpoint, share }: Answered, words: Uint8Array): Uint8Array {
  return encode({ type: 'prediction-answer', study, checkpoint, share: sha256(share), words })
}

/** Signs an answer as a hospital. */
export function signProducts(signer: Signer, about: Answered, products: BigUint64Array): SignedAnswer {
  const words = wordsToBytes(products)
  return { words, signature: seal(signer, signedBody(about, words)).signature }
}

/**
 * The words of an answer.
 *
 * @param hospital raw PeerId of who must have signed it
 * @throws ProtocolError `bad-answer`
 */
export function openProducts(
  { words, signature }: SignedAnswer,
  about: Answered,
  { hospital, classes }: { hospital: Uint8Array; classes: number },
): BigUint64Array {
  const isSigned = verifyEnvelope({ body: signedBody(about, words), signer: hospital, signature })
  if (words.length !== classes * WORD64_BYTES || !isSigned) {
    throw new ProtocolError('bad-answer', 'not an answer to this share that its hospital has signed')
  }
  return wordsFromBytes(words)
}
