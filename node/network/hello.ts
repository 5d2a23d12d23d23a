/**
 * The first message between two hospitals: their study, their own addresses, and addresses of others.
 *
 * @module
 */

import { z } from 'zod'
import { decode, encode } from '../../protocols/encoding/codec.ts'
import { hash32 } from '../../protocols/encoding/fields.ts'
import { ProtocolError } from '../../protocols/errors.ts'

export const HELLO_BYTES_MAX = 64 * 1024
export const ADDRESSES_PER_PEER_MAX = 8

const ADDRESSES = z.array(z.string().max(256)).max(ADDRESSES_PER_PEER_MAX)
const HELLO = z.strictObject({
  study: hash32,
  addresses: ADDRESSES,
  /** of other hospitals of the roster */
  known: z.array(z.strictObject({ peer: z.string().max(64), addresses: ADDRESSES })).max(100),
})

export type Hello = z.infer<typeof HELLO>

export function encodeHello(hello: Hello): Uint8Array {
  return encode(hello)
}

/** @throws ProtocolError `bad-hello`, or as `decode` */
export function decodeHello(bytes: Uint8Array): Hello {
  const parsed = HELLO.safeParse(decode(bytes, HELLO_BYTES_MAX))
  if (parsed.success) return parsed.data
  throw new ProtocolError('bad-hello', 'not a hello')
}
