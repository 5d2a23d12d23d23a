/**
 * Messages of `/confrere/contact/1.0.0`. All are CBOR maps; what a later program adds is passed over.
 *
 * @module
 */

import { z } from 'zod'
import { decode, encode } from '../../protocols/encoding/codec.ts'
import { bytesOf } from '../../protocols/encoding/fields.ts'
import { ProtocolError } from '../../protocols/errors.ts'
import { ADDRESSES_PER_PEER_MAX } from '../network/hello.ts'
import { parsePeerId } from '../storage/identity.ts'
import type { Introduced } from './book.ts'
import { cleanSiteName } from './site-name.ts'

/** The longest is a meeting with introductions. */
export const CONTACT_BYTES_MAX = 128 * 1024
const INTRODUCTIONS_MAX = 64
const NAME_CHARACTERS_READ_MAX = 400

const peer = z.string().max(64).refine(isPeer, 'not a peer id')
const addresses = z.array(z.string().max(256)).max(ADDRESSES_PER_PEER_MAX)
/** What a hospital says of itself. */
const CARD = z.looseObject({
  name: z.string().max(NAME_CHARACTERS_READ_MAX),
  addresses,
  /** of its program */
  version: z.string().max(40),
})
const nonce = bytesOf(32)
const proof = bytesOf(32)

/** First frame of a stream: names the invitation, or meets as contacts do. */
const FIRST = z.discriminatedUnion('kind', [
  z.looseObject({ kind: z.literal('join'), invitation: bytesOf(8), nonce }),
  z.looseObject({
    kind: z.literal('meet'),
    card: CARD,
    /** what the sender's operator has decided about the receiver; null: nothing yet */
    approves: z.boolean().nullable(),
    introductions: z.array(z.looseObject({ peer, card: CARD })).max(INTRODUCTIONS_MAX),
  }),
])
const CHALLENGE = z.looseObject({ nonce, proof })
const PROVEN = z.looseObject({ proof, card: CARD })
const WELCOME = z.looseObject({ card: CARD })
const REFUSED = z.looseObject({ refused: z.string().max(64) })

export type FirstMessage = z.infer<typeof FIRST>
export type MeetMessage = Extract<FirstMessage, { kind: 'meet' }>
type Card = Pick<z.infer<typeof CARD>, 'name' | 'addresses' | 'version'>

/** Reads the first frame of a stream. @throws ProtocolError `bad-contact`, or as `decode` */
export const decodeFirst = reader(FIRST)
export const decodeChallenge = reader(CHALLENGE)
export const decodeProven = reader(PROVEN)
export const decodeWelcome = reader(WELCOME)

/** The reason of a refusal, or undefined when the bytes are something else. */
export function refusalIn(bytes: Uint8Array): string | undefined {
  const parsed = REFUSED.safeParse(decode(bytes, CONTACT_BYTES_MAX))
  return parsed.success ? parsed.data.refused : undefined
}

export function encodeContact(
  message: FirstMessage | z.infer<typeof CHALLENGE> | z.infer<typeof PROVEN> | { card: Card } | { refused: string },
): Uint8Array {
  return encode(message)
}

/** A card of a peer, cleaned. */
export function introducedOf(peerId: string, card: Card): Introduced {
  const version = card.version.replace(/[^\w.+-]/g, '').slice(0, 40)
  return { peer: peerId, name: cleanSiteName(card.name), addresses: card.addresses, version }
}

/** The card of a hospital. */
export function cardOf({ name, addresses: known, version }: Omit<Introduced, 'peer'>): Card {
  return { name, addresses: known.filter(one => one.length <= 256).slice(0, ADDRESSES_PER_PEER_MAX), version }
}

function reader<S extends z.ZodType>(schema: S): (bytes: Uint8Array) => z.infer<S> {
  return bytes => {
    const parsed = schema.safeParse(decode(bytes, CONTACT_BYTES_MAX))
    if (parsed.success) return parsed.data
    throw new ProtocolError(
      'bad-contact',
      `not a message of the contact protocol: ${parsed.error.issues[0]?.path.join('.')}`,
    )
  }
}

function isPeer(text: string): boolean {
  try {
    parsePeerId(text)
    return true
  } catch {
    return false
  }
}
