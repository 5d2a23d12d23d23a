/**
 * What a hospital answers to a proposed study: approved or refused, signed, so that others may pass it on and everybody
 * sees who has approved.
 *
 * @module
 */

import { z } from 'zod'
import { seal, verifyEnvelope } from '../../crypto/envelope.ts'
import type { Signer } from '../../crypto/signature.ts'
import { decode, encode } from '../../protocols/encoding/codec.ts'
import { bytesOf, hash32, whole } from '../../protocols/encoding/fields.ts'
import { ProtocolError } from '../../protocols/errors.ts'
import { hex } from '../../protocols/immutable.ts'
import { peerIdString } from '../storage/identity.ts'

/** An envelope: the body, an id and a signature. */
export const ANSWER_BYTES_MAX = 512

const ENVELOPE = z.tuple([z.instanceof(Uint8Array), bytesOf(38), bytesOf(64)])
/** `type` sets it apart from everything else that is signed. */
const BODY = z.looseObject({
  type: z.literal('study-answer'),
  study: hash32,
  approves: z.boolean(),
  /** the highest counts: ms since 1970 of the decision */
  number: whole(0, Number.MAX_SAFE_INTEGER),
})

export interface StudyAnswer {
  /** base58btc PeerId */
  readonly peer: string
  /** hex */
  readonly study: string
  readonly approves: boolean
  readonly number: number
  /** as signed */
  readonly bytes: Uint8Array
}

/** Signs an answer. @param study hex */
export function signAnswer(
  signer: Signer,
  { study, approves, number }: Pick<StudyAnswer, 'study' | 'approves' | 'number'>,
): StudyAnswer {
  const body = encode({ type: 'study-answer', study: new Uint8Array(Buffer.from(study, 'hex')), approves, number })
  const { signature } = seal(signer, body)
  return { peer: peerIdString(signer.id), study, approves, number, bytes: encode([body, signer.id, signature]) }
}

/** Verifies an answer. @throws ProtocolError `bad-answer`, or as `decode` */
export function readAnswer(bytes: Uint8Array): StudyAnswer {
  const envelope = ENVELOPE.safeParse(decode(bytes, ANSWER_BYTES_MAX))
  if (!envelope.success) throw new ProtocolError('bad-answer', 'not an answer to a study')
  const [body, signer, signature] = envelope.data
  const parsed = BODY.safeParse(decode(body, ANSWER_BYTES_MAX))
  if (!parsed.success || !verifyEnvelope({ body, signer, signature })) {
    throw new ProtocolError('bad-answer', 'not an answer that its hospital has signed')
  }
  const { study, approves, number } = parsed.data
  return { peer: peerIdString(signer), study: hex(study), approves, number, bytes }
}

/** Adds answers to those known by their hospital: the newest of each counts. Those of another study are passed over. */
export function mergeAnswers(
  known: ReadonlyMap<string, StudyAnswer>,
  heard: readonly StudyAnswer[],
  { study, peers }: { study: string; peers: readonly string[] },
): ReadonlyMap<string, StudyAnswer> {
  const merged = new Map(known)
  for (const answer of heard) {
    if (answer.study !== study || !peers.includes(answer.peer)) continue
    if (answer.number > (merged.get(answer.peer)?.number ?? -1)) merged.set(answer.peer, answer)
  }
  return merged
}
