/**
 * One link of the transcript: a certified round. Who holds the chain of links and the newest checkpoint can go on.
 *
 * @module
 */

import { z } from 'zod'
import { TAG_VALUE } from '../../crypto/domain.ts'
import { ProtocolError } from '../../crypto/errors.ts'
import { sha256 } from '../../crypto/hash.ts'
import { resultHash, voidHash } from '../../crypto/transcript.ts'
import { VALUE_BYTES_MAX, VIEWS_MAX } from '../agreement/constants.ts'
import { checkProof } from '../agreement/proof.ts'
import { decode, encode } from '../codec.ts'
import { CHANGE_BYTES_MAX } from '../roster/constants.ts'
import { MEMBERS_MAX } from '../round/constants.ts'
import { is, type MessageContext, openMessage } from '../round/messages.ts'
import { record } from '../shape.ts'

const hash = z.custom<Uint8Array>(value => value instanceof Uint8Array && value.length === 32, 'expected 32 bytes')
const wire = z.custom<Uint8Array>(value => value instanceof Uint8Array && value.length <= 1024)

const RESULT_VALUE = z.discriminatedUnion('outcome', [
  z.strictObject({
    outcome: z.literal('result'),
    sid: hash,
    sum: hash,
    checkpoint: hash,
    members: z
      .array(
        z
          .number()
          .int()
          .min(0)
          .max(MEMBERS_MAX - 1),
      )
      .max(MEMBERS_MAX),
    view: z
      .number()
      .int()
      .min(0)
      .max(VIEWS_MAX - 1),
    /** a change of the roster that a quorum has approved, for the next round on */
    change: z.custom<Uint8Array>(value => value instanceof Uint8Array && value.length <= CHANGE_BYTES_MAX).nullable(),
  }),
  z.strictObject({
    outcome: z.literal('void'),
    sid: hash,
    members: z
      .array(
        z
          .number()
          .int()
          .min(0)
          .max(MEMBERS_MAX - 1),
      )
      .max(MEMBERS_MAX),
  }),
])

/**
 * What the second agreement of a round decides; `members` are its contributors, or those who kept it from its result. A
 * round that could not even be opened is VOID with a sid of zeros.
 */
export type ResultValue = z.infer<typeof RESULT_VALUE>

export function encodeResultValue(value: ResultValue): Uint8Array {
  return encode(value)
}

/** @throws ProtocolError `bad-result` */
export function decodeResultValue(bytes: Uint8Array): ResultValue {
  const parsed = RESULT_VALUE.safeParse(decode(bytes, VALUE_BYTES_MAX))
  if (!parsed.success) throw new ProtocolError('bad-result', 'not a RESULT or VOID value')
  return parsed.data
}

const LINK = record({
  round: z.number().int().min(0).max(0xffffffff),
  value: z.custom<Uint8Array>(value => value instanceof Uint8Array && value.length <= VALUE_BYTES_MAX),
  precommits: z.array(wire).max(MEMBERS_MAX),
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

/** Domain-separated identity of an agreement's value. */
export function valueId(value: Uint8Array): Uint8Array {
  return sha256(TAG_VALUE, value)
}

/**
 * Checks that a quorum certified the link.
 *
 * @throws ProtocolError `bad-link` without any votes, `bad-proof`, or whatever a precommit inside is refused for
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
