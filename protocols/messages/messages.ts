/**
 * What peers say in a round: the bodies, their wire form, and the one door through which they come in.
 *
 * A body is canonical CBOR; it travels in a signed envelope and is verified on the bytes received, never re-encoded.
 *
 * @module
 */

import { z } from 'zod'
import type { Envelope } from '../../crypto/envelope.ts'
import { CodedError } from '../../crypto/errors.ts'
import { sha256 } from '../../crypto/hash.ts'
import { decode, encode } from '../encoding/codec.ts'
import { bytesOf, bytesUpTo, hash32, uint32, whole } from '../encoding/fields.ts'
import { printable } from '../encoding/printable.ts'
import { ProtocolError } from '../errors.ts'
import { CHANGE_BYTES_MAX } from '../roster/limits.ts'
import { type Member, memberOf, type Roster } from '../roster/roster.ts'
import { agreed, rank, ranks, smallEnvelopes, view } from './fields.ts'
import { FINGERPRINT_BYTES, INSTANCES, MESSAGE_BYTES_MAX, VIEWS_MAX } from './limits.ts'

const header = { study: hash32, roster: uint32, round: uint32 }
const instance = z.enum(INSTANCES)

export const BODY = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('ready'), ...header, previous: hash32, key: hash32, owner: z.boolean() }),
  z.strictObject({
    type: z.literal('open'),
    ...header,
    view,
    readys: smallEnvelopes,
    owners: ranks,
  }),
  z.strictObject({ type: z.literal('manifest'), ...header, view, sid: hash32, root: hash32, commitment: hash32 }),
  z.strictObject({ type: z.literal('loaded'), ...header, view, sid: hash32, chunk: rank, digest: hash32 }),
  z.strictObject({ type: z.literal('missing'), ...header, view, sid: hash32, chunk: rank, members: ranks }),
  z.strictObject({
    type: z.literal('propose'),
    ...header,
    instance,
    view,
    value: agreed,
    validView: whole(-1, VIEWS_MAX - 1),
    /** proof of lock: a quorum's prevotes of `validView`; empty when that is -1 */
    proof: smallEnvelopes,
  }),
  z.strictObject({ type: z.literal('prevote'), ...header, instance, view, value: hash32.nullable() }),
  z.strictObject({ type: z.literal('precommit'), ...header, instance, view, value: hash32.nullable() }),
  /** a quorum's precommits of the first agreement, for whoever may never be able to count them */
  z.strictObject({
    type: z.literal('certificate'),
    ...header,
    view,
    value: agreed,
    precommits: smallEnvelopes,
  }),
  z.strictObject({ type: z.literal('release'), ...header, sid: hash32, key: hash32 }),
  /** attempt a of chunk c is its owner's a-th successor's: the sender's place among the owners tells the chunk */
  z.strictObject({ type: z.literal('chunk-sum'), ...header, sid: hash32, attempt: view, hash: hash32 }),
  /** 64 subset sums of our opened vector under a challenge; attempt counts our own, for sums may be replaced */
  z.strictObject({
    type: z.literal('fingerprint'),
    ...header,
    sid: hash32,
    attempt: view,
    challenge: hash32,
    sums: bytesOf(FINGERPRINT_BYTES),
  }),
  /** an operator's consent to one change of the roster, said anew in every round until it is certified */
  z.strictObject({ type: z.literal('approve'), ...header, change: bytesUpTo(CHANGE_BYTES_MAX) }),
  /** we take no part in this round: a disk that was set back, or lost the round's secrets, might make us speak twice */
  z.strictObject({ type: z.literal('sit-out'), ...header }),
])

export type Body = z.infer<typeof BODY>
export type BodyOf<T extends Body['type']> = Extract<Body, { type: T }>
/** A body without what the round itself adds. */
export type Content = Body extends infer B ? (B extends Body ? Omit<B, keyof typeof header> : never) : never

/** A verified message: only `openMessage` makes one. */
export interface Message<B extends Body = Body> {
  readonly from: Member
  readonly body: B
  /** the envelope as received */
  readonly bytes: Uint8Array
  /** SHA-256 of the body bytes as signed */
  readonly hash: Uint8Array
}

export interface MessageContext {
  readonly study: Uint8Array
  readonly roster: Roster
  /** checks one envelope's signature; may remember what it has seen */
  readonly verify: (envelope: Envelope) => boolean
}

/** The envelope's wire form: canonical CBOR of [body, signer, signature]. */
export function encodeEnvelope({ body, signer, signature }: Envelope): Uint8Array {
  return encode([body, signer, signature])
}

/** @throws ProtocolError `bad-envelope` */
export function decodeEnvelope(wire: Uint8Array): Envelope {
  const parts = decode(wire, MESSAGE_BYTES_MAX)
  if (Array.isArray(parts) && parts.length === 3 && parts.every(part => part instanceof Uint8Array)) {
    const [body, signer, signature] = parts as [Uint8Array, Uint8Array, Uint8Array]
    if (signer.length === 38 && signature.length === 64) return { body, signer, signature }
  }
  throw new ProtocolError('bad-envelope', 'not an envelope of body, signer and signature')
}

/**
 * Opens an envelope from outside: shape, study, roster, signature, in that order of cost.
 *
 * @throws ProtocolError `bad-envelope`, `bad-message`, `other-study`, `other-roster`, `not-in-roster`, `bad-signature`
 */
export function openMessage(wire: Uint8Array, context: MessageContext): Message {
  const envelope = decodeEnvelope(wire)
  const from = memberOf(context.roster, envelope.signer)
  if (from === undefined) throw new ProtocolError('not-in-roster', 'signed by a peer outside the roster')
  const peer = context.roster.peers[from] as string
  const parsed = BODY.safeParse(decode(envelope.body, MESSAGE_BYTES_MAX))
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw new ProtocolError('bad-message', printable(`${issue?.path.join('.')}: ${issue?.message}`), { peer })
  }
  const body = parsed.data
  if (Buffer.compare(body.study, context.study) !== 0)
    throw new ProtocolError('other-study', 'of another study', { peer })
  if (body.roster !== context.roster.version) {
    throw new ProtocolError('other-roster', `of roster version ${body.roster}`, { peer, action: 'ignore' })
  }
  if (!verified(context, envelope)) throw new ProtocolError('bad-signature', 'signature does not verify', { peer })
  return { from, body, bytes: wire, hash: sha256(envelope.body) }
}

function verified(context: MessageContext, envelope: Envelope): boolean {
  try {
    return context.verify(envelope)
  } catch (error) {
    if (error instanceof CodedError) return false
    throw error
  }
}

/** Canonical bytes of a body, ready to be sealed. */
export function encodeBody(body: Body): Uint8Array {
  return encode(body)
}

/** True when the message has that type; narrows its body. */
export function is<T extends Body['type']>(message: Message, type: T): message is Message<BodyOf<T>> {
  return message.body.type === type
}

/** What a message is about, without who says it: its kind and view. */
export function rowOf(body: Body): string {
  switch (body.type) {
    case 'ready':
    case 'certificate':
    case 'release':
    case 'approve':
    case 'sit-out':
      return `${body.type}/0`
    case 'open':
    case 'manifest':
    case 'loaded':
    case 'missing':
      return `${body.type}/${body.view}`
    case 'chunk-sum':
    case 'fingerprint':
      return `${body.type}/${body.attempt}`
    case 'propose':
    case 'prevote':
    case 'precommit':
      return `${body.instance}-${body.type}/${body.view}`
  }
}

/** The one place that a message can take in its round: a member says at most one thing there. */
export function slotOf({ from, body }: Pick<Message, 'from' | 'body'>): string {
  return `${rowOf(body)}/${from}`
}
