/**
 * One link of the transcript: a certified round. The links and the newest checkpoint suffice to continue a study.
 *
 * @module
 */

import type { z } from 'zod'
import { resultHash, voidHash } from '../../crypto/transcript.ts'
import { checkProof } from '../agreement/proof.ts'
import { decode, encode } from '../encoding/codec.ts'
import { record, uint32 } from '../encoding/fields.ts'
import { ProtocolError } from '../errors.ts'
import { smallEnvelopes, valueBytes } from '../messages/fields.ts'
import { VALUE_BYTES_MAX } from '../messages/limits.ts'
import { is, type MessageContext, openMessage } from '../messages/messages.ts'
import { decodeResultValue, type ResultValue, valueId } from '../messages/result-value.ts'

const LINK = record({
  round: uint32,
  value: valueBytes,
  precommits: smallEnvelopes,
})

/** A round's decided value and the precommits of a quorum for it, as received. */
export type Link = z.infer<typeof LINK>

export function encodeLink(link: Link): Uint8Array {
  return encode(link)
}

/** @throws ProtocolError `bad-link` */
export function decodeLink(bytes: Uint8Array): Link {
  const parsed = LINK.safeParse(decode(bytes, { stringMax: VALUE_BYTES_MAX }))
  if (!parsed.success) throw new ProtocolError('bad-link', 'not a transcript link')
  return parsed.data
}

/**
 * Checks that a quorum certified the link.
 *
 * @throws ProtocolError `bad-link` without a precommit, `bad-proof`, or the error of a precommit inside
 */
export function verifyLink(
  { round, value, precommits }: Link,
  context: MessageContext & { readonly quorum: number },
): ResultValue {
  const [first] = precommits
  const vote = first && openMessage(first, context)
  if (vote === undefined || !is(vote, 'precommit')) throw new ProtocolError('bad-link', `round ${round} has no votes`)
  const { view } = vote.body
  const proven = { phase: 'precommit', instance: 'result', round, view, id: valueId(value) } as const
  checkProof(precommits, proven, context)
  return decodeResultValue(value)
}

/** The transcript's hash after a link. */
export function hashAfter(previous: Uint8Array, link: Link, value: ResultValue): Uint8Array {
  return value.outcome === 'void'
    ? voidHash({ previous, round: link.round })
    : resultHash({ previous, value: link.value })
}
