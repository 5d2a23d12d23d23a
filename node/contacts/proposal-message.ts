/**
 * Messages of `/confrere/proposal/1.0.0`: one request and one answer, CBOR maps; what a later program adds is passed
 * over.
 *
 * @module
 */

import { z } from 'zod'
import { decode, encode } from '../../protocols/encoding/codec.ts'
import { bytesUpTo, hash32 } from '../../protocols/encoding/fields.ts'
import { ProtocolError } from '../../protocols/errors.ts'
import { CHANGE_BYTES_MAX } from '../../protocols/roster/limits.ts'
import { HOSPITALS_MAX } from '../../protocols/study/limits.ts'
import { ANSWER_BYTES_MAX } from './answer.ts'

/** Of a study file: those of the templates are below 20 KiB, one of 100 hospitals below 300. */
export const PROPOSED_BYTES_MAX = 512 * 1024
/** Changes of a roster that one hospital proposes and that are not settled. */
export const CHANGES_OF_ONE_MAX = 8
export const PROPOSAL_BYTES_MAX =
  PROPOSED_BYTES_MAX + HOSPITALS_MAX * (ANSWER_BYTES_MAX + 16) + CHANGES_OF_ONE_MAX * (CHANGE_BYTES_MAX + 16) + 1024

const ANSWERS = z.array(bytesUpTo(ANSWER_BYTES_MAX)).max(HOSPITALS_MAX)
/** Changes of the study's roster that the sender itself proposes. */
const CHANGES = z.array(bytesUpTo(CHANGE_BYTES_MAX)).max(CHANGES_OF_ONE_MAX).optional()
const REQUEST = z.looseObject({
  study: hash32,
  /** signed answers that the sender knows */
  answers: ANSWERS,
  changes: CHANGES,
  /** the study file, where the sender proposes it and the receiver has said that it lacks it */
  file: bytesUpTo(PROPOSED_BYTES_MAX).optional(),
})
const REPLY = z.looseObject({
  /** whether the sender has the study */
  known: z.boolean(),
  answers: ANSWERS,
  changes: CHANGES,
  /** why it does not take the study */
  refused: z.string().max(300).optional(),
})

export type ProposalRequest = Pick<z.infer<typeof REQUEST>, 'study' | 'answers' | 'changes' | 'file'>
export type ProposalReply = Pick<z.infer<typeof REPLY>, 'known' | 'answers' | 'changes' | 'refused'>

export function encodeProposal(message: ProposalRequest | ProposalReply): Uint8Array {
  return encode(message)
}

/** @throws ProtocolError `bad-proposal`, or as `decode` */
export function decodeProposalRequest(bytes: Uint8Array): ProposalRequest {
  return checked(REQUEST.safeParse(decode(bytes, PROPOSAL_BYTES_MAX)))
}

/** @throws ProtocolError `bad-proposal`, or as `decode` */
export function decodeProposalReply(bytes: Uint8Array): ProposalReply {
  return checked(REPLY.safeParse(decode(bytes, PROPOSAL_BYTES_MAX)))
}

function checked<T>(parsed: z.ZodSafeParseResult<T>): T {
  if (parsed.success) return parsed.data
  throw new ProtocolError('bad-proposal', `not a message about a proposal: ${parsed.error.issues[0]?.path.join('.')}`)
}
