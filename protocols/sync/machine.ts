/**
 * Anti-entropy: gossip is best effort, so every peer compares what it holds with others and pulls what it lacks.
 * Pure functions; who is asked when is the driver's.
 *
 * @module
 */

import { z } from 'zod'
import { ProtocolError } from '../../crypto/errors.ts'
import { VIEWS_MAX } from '../agreement/constants.ts'
import { decode, encode } from '../codec.ts'
import { MEMBERS_MAX, MESSAGE_BYTES_MAX } from '../round/constants.ts'
import type { RoundState } from '../round/state.ts'
import { SYNC_BYTES_MAX, SYNC_LINKS_MAX } from './constants.ts'

/** Every slot that a message can take in one view, in a fixed order; members are the fastest index. */
const KINDS = [
  'ready',
  'open',
  'manifest',
  'loaded',
  'missing',
  'commit-propose',
  'commit-prevote',
  'commit-precommit',
  'certificate',
  'release',
  'chunk-sum',
  'result-propose',
  'result-prevote',
  'result-precommit',
] as const

const BITMAP_BYTES_MAX = Math.ceil((KINDS.length * MEMBERS_MAX * VIEWS_MAX) / 8)
const round = z.number().int().min(0).max(0xffffffff)
const bytes = (max: number) => z.custom<Uint8Array>(value => value instanceof Uint8Array && value.length <= max)

const SUMMARY = z.strictObject({ study: bytes(32), round, have: bytes(BITMAP_BYTES_MAX) })
const FILL = z.strictObject({
  round,
  have: bytes(BITMAP_BYTES_MAX),
  messages: z.array(bytes(MESSAGE_BYTES_MAX)).max(4096),
  links: z.array(bytes(SYNC_BYTES_MAX)).max(SYNC_LINKS_MAX),
})

/** What the asker holds of its round: one bit per slot. */
export type Summary = z.infer<typeof SUMMARY>
/** What the asker lacks, as far as it fits; `have` tells what the answerer lacks in turn. */
export type Fill = z.infer<typeof FILL>

/** @throws ProtocolError `bad-sync` */
export function decodeSummary(wire: Uint8Array): Summary {
  const parsed = SUMMARY.safeParse(decode(wire))
  if (!parsed.success) throw new ProtocolError('bad-sync', 'not a summary')
  return parsed.data
}

/** @throws ProtocolError `bad-sync` */
export function decodeFill(wire: Uint8Array): Fill {
  const parsed = FILL.safeParse(decode(wire))
  if (!parsed.success) throw new ProtocolError('bad-sync', 'not an answer to a summary')
  return parsed.data
}

export function encodeSync(message: Summary | Fill): Uint8Array {
  return encode(message)
}

function bitOf(slot: string, members: number): number {
  const [kind, view, member] = slot.split('/') as [(typeof KINDS)[number], string, string]
  return (Number(view) * KINDS.length + KINDS.indexOf(kind)) * members + Number(member)
}

/** The bitmap of the messages that a state holds. */
export function bitmapOf(state: RoundState, members: number): Uint8Array {
  let bitmap = new Uint8Array(0)
  for (const slot of state.messages.keys()) {
    const bit = bitOf(slot, members)
    if (bit >> 3 >= bitmap.length) {
      const longer = new Uint8Array((bit >> 3) + 1)
      longer.set(bitmap)
      bitmap = longer
    }
    bitmap[bit >> 3] = (bitmap[bit >> 3] as number) | (1 << (bit & 7))
  }
  return bitmap
}

/** Messages of ours that a bitmap lacks, up to `SYNC_BYTES_MAX` in all. */
export function missingFrom(state: RoundState, bitmap: Uint8Array, members: number): Uint8Array[] {
  const found: Uint8Array[] = []
  let total = 0
  for (const [slot, message] of state.messages) {
    const bit = bitOf(slot, members)
    if (((bitmap[bit >> 3] ?? 0) >> (bit & 7)) & 1) continue
    total += message.bytes.length
    if (total > SYNC_BYTES_MAX) break
    found.push(message.bytes)
  }
  return found
}

/**
 * Answers a summary: links when the asker is behind, messages when it is in our round, nothing when it is ahead.
 *
 * @param linksFrom the certified links from a round on, as stored, oldest first
 */
export function answer(
  state: RoundState,
  summary: Summary,
  { members, linksFrom }: { members: number; linksFrom: (round: number) => readonly Uint8Array[] },
): Fill {
  const same = summary.round === state.round
  const links: Uint8Array[] = []
  let total = 0
  for (const link of summary.round < state.round ? linksFrom(summary.round) : []) {
    total += link.length
    if (links.length >= SYNC_LINKS_MAX || total > SYNC_BYTES_MAX) break
    links.push(link)
  }
  return {
    round: state.round,
    have: same ? bitmapOf(state, members) : new Uint8Array(0),
    messages: same ? missingFrom(state, summary.have, members) : [],
    links,
  }
}
