/**
 * The messages of a round: their bodies, their wire form, and `openMessage`, which checks every message that arrives.
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
import { printable } from '../encoding/printable.ts'
import { ProtocolError } from '../errors.ts'
import { type Member, memberOf, type Roster } from '../roster/roster.ts'
import { type HEADER, KINDS, type MessageType } from './kinds.ts'
import { type Instance, MESSAGE_BYTES_MAX } from './limits.ts'

type BodySchema = (typeof KINDS)[MessageType]['schema']
const SCHEMAS = Object.values(KINDS).map(({ schema }): BodySchema => schema)

/** The body of any message of a round. */
export const BODY = z.discriminatedUnion('type', SCHEMAS as [BodySchema, ...BodySchema[]])

export type Body = z.infer<typeof BODY>
export type BodyOf<T extends Body['type']> = Extract<Body, { type: T }>
/** A body without the fields that every message has. */
export type Content = Body extends infer B ? (B extends Body ? Omit<B, keyof typeof HEADER> : never) : never

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
  /** checks the signature of an envelope; may remember envelopes that passed */
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
  // rosters follow rounds: the peer that passed it on may have a newer or an older one
  if (from === undefined) {
    throw new ProtocolError('not-in-roster', 'signed by a peer outside the roster', { action: 'ignore' })
  }
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

/** A row of a round's messages: all of one kind, and of one view or attempt where the kind has those. */
export interface RowKey {
  readonly type: MessageType
  /** of kinds that exist in each of the two agreements; without meaning for others */
  readonly instance?: Instance
  /** view or attempt; 0 where a sender has one message a round */
  readonly number?: number
}

/** The name of a row. Names are written to disk as a part of slots. */
export function rowName({ type, instance = 'commit', number = 0 }: RowKey): string {
  return typeof KINDS[type].place === 'number' ? `${type}/${number}` : `${instance}-${type}/${number}`
}

/** The row of a message. */
function rowKeyOf(body: Body): Required<RowKey> {
  const { numberedBy } = KINDS[body.type]
  const fields: { type: MessageType; instance?: Instance; view?: number; attempt?: number } = body
  // the type of the table guarantees that a kind has the field that numbers it
  const number = numberedBy === 'none' ? 0 : (fields[numberedBy] as number)
  return { type: body.type, instance: fields.instance ?? 'commit', number }
}

/** The kind and view of a message, without its signer. */
export function rowOf(body: Body): string {
  return rowName(rowKeyOf(body))
}

/** Where the row of a message stands in the bitmap of anti-entropy: the kind's place, and the view or attempt. */
export function placeOf(body: Body): { readonly place: number; readonly number: number } {
  const { type, instance, number } = rowKeyOf(body)
  const { place } = KINDS[type]
  return { place: typeof place === 'number' ? place : place[instance], number }
}

/** The name of a slot: a row and a member. */
export function slotName({ from, ...row }: RowKey & { readonly from: Member }): string {
  return `${rowName(row)}/${from}`
}

/** The slot of a message in its round: an honest member signs at most one message for it. */
export function slotOf({ from, body }: Pick<Message, 'from' | 'body'>): string {
  return `${rowOf(body)}/${from}`
}
