/**
 * The first message between two hospitals: what they speak, their study and roster, their own addresses, and addresses of
 * others. A later program may add to it: what this one does not know it passes over.
 *
 * @module
 */

import { z } from 'zod'
import { decode, encode } from '../../protocols/encoding/codec.ts'
import { hash32, uint32, whole } from '../../protocols/encoding/fields.ts'
import { ProtocolError } from '../../protocols/errors.ts'
import { ROUND_KINDS } from '../../protocols/study/round-kind.ts'

export const HELLO_BYTES_MAX = 64 * 1024
export const ADDRESSES_PER_PEER_MAX = 8

const ADDRESSES = z.array(z.string().max(256)).max(ADDRESSES_PER_PEER_MAX)
/** Of the messages in a round; two hospitals of different versions do not take part in one round. */
export const PROTOCOL_VERSION = 3
const CAPABILITIES_MAX = 64
const CAPABILITY_CHARACTERS_MAX = 64
/** What this program can do beyond the first version of its protocol: the kinds of rounds that it runs. */
const CAPABILITIES: readonly string[] = ROUND_KINDS.map(kind => `round/${kind}`)
/** What this program says of itself in every hello. */
export const SPOKEN = { protocol: PROTOCOL_VERSION, capabilities: [...CAPABILITIES] }

const HELLO = z.looseObject({
  protocol: uint32,
  study: hash32,
  /** version of the roster that the sender goes by */
  roster: uint32,
  capabilities: z.array(z.string().max(CAPABILITY_CHARACTERS_MAX)).max(CAPABILITIES_MAX),
  addresses: ADDRESSES,
  /** the sender's clock, ms since 1970; versions before leave it out */
  time: whole(0, Number.MAX_SAFE_INTEGER).exactOptional(),
  /** of other hospitals of the roster */
  known: z.array(z.strictObject({ peer: z.string().max(64), addresses: ADDRESSES })).max(100),
})

export type Hello = Readonly<
  Pick<z.infer<typeof HELLO>, 'protocol' | 'study' | 'roster' | 'capabilities' | 'addresses' | 'time' | 'known'>
>

export function encodeHello(hello: Hello): Uint8Array {
  return encode(hello)
}

/** @throws ProtocolError `bad-hello`, or as `decode` */
export function decodeHello(bytes: Uint8Array): Hello {
  const parsed = HELLO.safeParse(decode(bytes, HELLO_BYTES_MAX))
  if (parsed.success) return parsed.data
  throw new ProtocolError('bad-hello', 'not a hello')
}
