/**
 * The head of a privacy ledger under the hospital's signature: who has it can tell later whether a ledger begins with the
 * lines that were there then.
 *
 * @module
 */

import { fromString } from 'uint8arrays/from-string'
import { toString as bytesToString } from 'uint8arrays/to-string'
import { z } from 'zod'
import { seal, verifyEnvelope } from '../../crypto/envelope.ts'
import type { Signer } from '../../crypto/signature.ts'
import { decode, encode } from '../../protocols/encoding/codec.ts'
import { hash32, whole } from '../../protocols/encoding/fields.ts'
import { headsOf, type LedgerEntry } from '../../protocols/ledger/entry.ts'
import { decodeEnvelope, encodeEnvelope } from '../../protocols/messages/messages.ts'
import { peerIdString } from '../storage/identity.ts'

const TYPE = 'ledger-head'
const TEXT_CHARACTERS_MAX = 2000
const BODY_BYTES_MAX = 512

const BODY = z.strictObject({
  type: z.literal(TYPE),
  head: hash32,
  entries: whole(0, 1_000_000_000),
  /** ISO 8601, UTC */
  at: z.iso.datetime(),
})

export interface LedgerHead {
  /** hex */
  readonly head: string
  readonly entries: number
  readonly at: string
}

/** Signs a head. @returns one line of base64url */
export function signHead(signer: Signer, { head, entries, at }: LedgerHead): string {
  const body = encode({ type: TYPE, head: fromString(head, 'base16'), entries, at })
  return bytesToString(encodeEnvelope(seal(signer, body)), 'base64url')
}

/** Opens a signed head. @returns undefined: it is none, or not signed by whom it says */
export function openHead(text: string): (LedgerHead & { readonly peer: string }) | undefined {
  if (text.length > TEXT_CHARACTERS_MAX) return undefined
  try {
    const envelope = decodeEnvelope(fromString(text.trim(), 'base64url'))
    if (!verifyEnvelope(envelope)) return undefined
    const parsed = BODY.safeParse(decode(envelope.body, { bytesMax: BODY_BYTES_MAX, stringMax: BODY_BYTES_MAX }))
    if (!parsed.success) return undefined
    const { head, entries, at } = parsed.data
    return { peer: peerIdString(envelope.signer), head: bytesToString(head, 'base16'), entries, at }
  } catch {
    return undefined
  }
}

/** Whether a ledger begins with the lines that a head was signed over. */
export function beginsWith(
  ledger: readonly LedgerEntry[],
  { head, entries }: Pick<LedgerHead, 'head' | 'entries'>,
): boolean {
  return headsOf(ledger.slice(0, entries))[entries] === head
}
