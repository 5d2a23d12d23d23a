/**
 * An owner's signed statement that it holds a contributor's masked chunk. It proves that a later MISSING that names the
 * contributor is false. So an honest owner gives a receipt only for a chunk that it will still hold when MISSING is due,
 * and never to a contributor that it has already reported.
 *
 * It is an envelope like that of a message, but of a type that rounds do not have, so it takes no slot and is not gossiped.
 *
 * @module
 */

import { z } from 'zod'
import { decode, encode } from '../encoding/codec.ts'
import { bytesOf, hash32 } from '../encoding/fields.ts'
import { ProtocolError } from '../errors.ts'
import { type Member, memberOf } from '../roster/roster.ts'
import { rank } from './fields.ts'
import { SMALL_MESSAGE_BYTES_MAX } from './limits.ts'
import { decodeEnvelope, type MessageContext } from './messages.ts'

const RECEIPT = z.strictObject({
  type: z.literal('receipt'),
  study: hash32,
  sid: hash32,
  chunk: rank,
  /** raw PeerId of the contributor: two contributors may upload the same bytes, and one receipt must not serve both */
  contributor: bytesOf(38),
  /** SHA-256 of the masked chunk */
  hash: hash32,
})

export type Receipt = Omit<z.infer<typeof RECEIPT>, 'type'>

/** The bytes that an owner signs; `StepContext.seal` makes the receipt. */
export function encodeReceipt(receipt: Receipt): Uint8Array {
  return encode({ type: 'receipt', ...receipt })
}

/**
 * Opens a receipt: shape, study, signature.
 *
 * @param wire   an envelope of what `encodeReceipt` gives
 * @throws ProtocolError `bad-receipt`, or whatever is wrong with its envelope
 */
export function openReceipt(
  wire: Uint8Array,
  context: MessageContext,
): { readonly from: Member; readonly body: Receipt } {
  const envelope = decodeEnvelope(wire)
  const from = memberOf(context.roster, envelope.signer)
  if (from === undefined) throw new ProtocolError('bad-receipt', 'a receipt by a peer outside the roster')
  const parsed = RECEIPT.safeParse(decode(envelope.body, SMALL_MESSAGE_BYTES_MAX))
  const peer = context.roster.peers[from] as string
  if (!parsed.success) throw new ProtocolError('bad-receipt', 'not a receipt', { peer })
  const { type: _, ...body } = parsed.data
  if (Buffer.compare(body.study, context.study) !== 0) {
    throw new ProtocolError('bad-receipt', 'a receipt of another study', { peer })
  }
  if (!context.verify(envelope)) throw new ProtocolError('bad-receipt', 'a receipt that does not verify', { peer })
  return { from, body }
}
