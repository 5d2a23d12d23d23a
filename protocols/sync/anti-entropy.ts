/**
 * Anti-entropy: gossip is best effort, so every peer compares its messages with those of others and pulls missing ones.
 * Pure functions; the driver decides which peer to ask, and when.
 *
 * @module
 */

import { z } from 'zod'
import { decode, encode } from '../encoding/codec.ts'
import { bytesUpTo, hash32, record, uint32 } from '../encoding/fields.ts'
import { ProtocolError } from '../errors.ts'
import { PLACES } from '../messages/kinds.ts'
import { MEMBERS_MAX, MESSAGE_BYTES_MAX, VIEWS_MAX } from '../messages/limits.ts'
import { type Message, placeOf, slotOf } from '../messages/messages.ts'
import type { Member } from '../roster/roster.ts'
import { heardFrom } from '../round/rollback-guard.ts'
import type { RoundState } from '../round/state.ts'
import { SYNC_BYTES_MAX, SYNC_LINKS_MAX } from './limits.ts'

/** Number of slots: one for each kind, view and member; the member varies fastest, then the kind. */
const SLOTS_MAX = PLACES.length * MEMBERS_MAX * VIEWS_MAX
const BITMAP_BYTES_MAX = Math.ceil(SLOTS_MAX / 8)
const holdings = { have: bytesUpTo(BITMAP_BYTES_MAX), tags: bytesUpTo(SLOTS_MAX) }

const SUMMARY = record({ study: hash32, round: uint32, ...holdings, recall: z.boolean() })
const FILL = record({
  round: uint32,
  ...holdings,
  messages: z.array(bytesUpTo(MESSAGE_BYTES_MAX)).max(4096),
  links: z.array(bytesUpTo(SYNC_BYTES_MAX)).max(SYNC_LINKS_MAX),
})

/**
 * The messages of a round that a peer holds: one bit per slot, and for each set bit, in order, one byte of the message's
 * hash. Two peers with different messages in one slot notice it; both then have the proof of equivocation.
 */
export interface Holdings {
  readonly have: Uint8Array
  readonly tags: Uint8Array
}

/** Summary of the asker; with `recall` it asks only for its own messages. */
export type Summary = z.infer<typeof SUMMARY>
/** Messages that the asker lacks, as many as fit; `have` is the answerer's own summary. */
export type Fill = z.infer<typeof FILL>

/** @throws ProtocolError `bad-sync` */
export function decodeSummary(wire: Uint8Array): Summary {
  const parsed = SUMMARY.safeParse(decode(wire, { stringMax: SLOTS_MAX }))
  if (!parsed.success) throw new ProtocolError('bad-sync', 'not a summary')
  return parsed.data
}

/** @throws ProtocolError `bad-sync` */
export function decodeFill(wire: Uint8Array): Fill {
  const parsed = FILL.safeParse(decode(wire, { stringMax: SYNC_BYTES_MAX }))
  if (!parsed.success) throw new ProtocolError('bad-sync', 'not an answer to a summary')
  return parsed.data
}

export function encodeSync(message: Summary | Fill): Uint8Array {
  return encode(message)
}

/** Every message with the bit of its slot; the first bit of a row is computed once. */
function* slotsOf({ messages, roster }: RoundState): Generator<{ bit: number; message: Message }> {
  for (const row of messages.values()) {
    const [one] = row.values()
    if (one === undefined) continue
    const { place, number } = placeOf(one.body)
    const first = (number * PLACES.length + place) * roster.hospitals.length
    for (const [member, message] of row) yield { bit: first + member, message }
  }
}

/** One byte of the hash of the message in a slot; of two contradicting messages one of both hashes, in either order. */
function tagOf({ doubled }: RoundState, { hash, ...message }: Message): number {
  const second = doubled.size > 0 ? doubled.get(slotOf(message)) : undefined
  return second === undefined ? (hash[0] as number) : (hash[1] as number) ^ (second.hash[1] as number)
}

/** Summary of the messages of a state. */
export function holdingsOf(state: RoundState): Holdings {
  const slots = [...slotsOf(state)].sort((a, b) => a.bit - b.bit)
  const have = new Uint8Array(slots.length === 0 ? 0 : ((slots.at(-1) as { bit: number }).bit >> 3) + 1)
  const tags = new Uint8Array(slots.length)
  for (const [at, { bit, message }] of slots.entries()) {
    have[bit >> 3] = (have[bit >> 3] as number) | (1 << (bit & 7))
    tags[at] = tagOf(state, message)
  }
  return { have, tags }
}

/** Set bits of a byte. */
function ones(byte: number): number {
  let count = 0
  for (let rest = byte; rest > 0; rest &= rest - 1) count += 1
  return count
}

/**
 * The byte of a peer's summary for each of our slots, by bit. Slots that only the peer has are skipped: it may claim
 * half a million.
 */
function tagsByBit(state: RoundState, { have, tags }: Holdings): ReadonlyMap<number, number> {
  const known = new Map<number, number>()
  const bits = [...slotsOf(state)].map(({ bit }) => bit).sort((a, b) => a - b)
  let [at, before] = [0, 0]
  for (const bit of bits) {
    for (; at < Math.min(bit >> 3, have.length); at++) before += ones(have[at] as number)
    const byte = have[bit >> 3] ?? 0
    const mask = 1 << (bit & 7)
    if (byte & mask) known.set(bit, tags[before + ones(byte & (mask - 1))] ?? 0)
  }
  return known
}

/** Messages that a peer lacks, or has others in place of, up to `SYNC_BYTES_MAX` in all. */
export function missingFrom(state: RoundState, holdings: Holdings): Uint8Array[] {
  const known = tagsByBit(state, holdings)
  const found: Uint8Array[] = []
  let total = 0
  for (const { bit, message } of slotsOf(state)) {
    if (known.get(bit) === tagOf(state, message)) continue
    const second = known.has(bit) && state.doubled.size > 0 ? state.doubled.get(slotOf(message)) : undefined
    for (const one of second === undefined ? [message] : [message, second]) {
      total += one.bytes.length
      if (total > SYNC_BYTES_MAX) return found
      found.push(one.bytes)
    }
  }
  return found
}

/**
 * Answers a summary: links when the asker is behind, messages when it is in our round, nothing when it is ahead. A
 * peer that recalls its own messages gets those alone, whatever its round.
 *
 * @param from      the asker
 * @param linksFrom the certified links from a round on, as stored, oldest first
 */
export function answer(
  state: RoundState,
  summary: Summary,
  { from, linksFrom }: { from: Member; linksFrom: (round: number) => readonly Uint8Array[] },
): Fill {
  const same = summary.round === state.round
  const links: Uint8Array[] = []
  let total = 0
  for (const link of summary.round < state.round ? linksFrom(summary.round) : []) {
    total += link.length
    if (links.length >= SYNC_LINKS_MAX || total > SYNC_BYTES_MAX) break
    links.push(link)
  }
  const nothing = { have: new Uint8Array(0), tags: new Uint8Array(0) }
  const messages = summary.recall ? heardFrom(state, from) : same ? missingFrom(state, summary) : []
  return { round: state.round, ...(same && !summary.recall ? holdingsOf(state) : nothing), messages, links }
}
