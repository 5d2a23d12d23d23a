/**
 * Uploads of masked chunks to their owners: what an owner checks before, during and after, and what a contributor checks
 * of the receipt. The daemon and the simulator both ask here.
 *
 * @module
 */

import { sha256 } from '../../crypto/hash.ts'
import type { Chunk } from '../../crypto/layout.ts'
import { verifyPath } from '../../crypto/merkle.ts'
import { ProtocolError } from '../errors.ts'
import { hex, same } from '../immutable.ts'
import { type BodyOf, is, type Message, type MessageContext } from '../messages/messages.ts'
import { openReceipt, type Receipt } from '../messages/receipt.ts'
import type { Member } from '../roster/roster.ts'
import { findPhase } from '../round/data-phase.ts'
import { saidBy } from '../round/facts.ts'
import type { RoundState } from '../round/state.ts'
import { filledChunks } from '../session/chunks.ts'
import type { Opening } from '../session/opening.ts'

/** An upload that failed is made again after this pause. */
export const UPLOAD_RETRY_MS = 1000
/** How long an owner waits for the OPEN that a chunk belongs to, which may still be on its way. */
export const SESSION_WAIT_MS = 10_000
/** A faulty proposer can open sessions far ahead; what is uploaded there would only fill the memory. */
export const UPLOAD_VIEWS_AHEAD_MAX = 2

type Manifest = Message<BodyOf<'manifest'>>

/**
 * Checks the message that an upload begins with.
 *
 * @param from   who uploads
 * @param sid    the session that it names, in hex
 * @throws ProtocolError `bad-manifest` unless it is the uploader's MANIFEST of that session
 */
export function checkManifest(message: Message, { from, sid }: { from: Member; sid: string }): Manifest {
  if (!is(message, 'manifest') || message.from !== from || hex(message.body.sid) !== sid) {
    throw new ProtocolError('bad-manifest', 'a chunk without its contributor’s manifest')
  }
  return message
}

/** Whether a session is so far ahead of our view that its chunks are not taken in yet. */
export function isFarAhead({ view }: Opening, state: RoundState): boolean {
  return view > state.commit.view + UPLOAD_VIEWS_AHEAD_MAX
}

/**
 * The chunk that an upload is for.
 *
 * @param index    the chunk that its header names
 * @param length   bytes that follow
 * @throws ProtocolError `bad-chunk` unless it is ours, from a contributor, and of its length
 */
export function checkHeader(
  opening: Opening,
  { self, from, index, length }: { self: Member; from: Member; index: number; length: number },
): Chunk {
  const chunk = filledChunks(opening).find(one => one.index === index)
  const ours = chunk !== undefined && opening.owners[index] === self
  if (!ours || !opening.members.includes(from) || length !== chunk.words * 4) {
    throw new ProtocolError('bad-chunk', 'a chunk that is not ours, or of another length')
  }
  return chunk
}

/**
 * Checks a chunk that has arrived in full against the root that its contributor has signed.
 *
 * @returns the chunk's SHA-256, for the receipt
 * @throws ProtocolError `chunk-mismatch`
 */
export function checkBytes(
  opening: Opening,
  {
    manifest,
    index,
    bytes,
    path,
  }: { manifest: Manifest; index: number; bytes: Uint8Array; path: readonly Uint8Array[] },
): Uint8Array {
  const leaf = sha256(bytes)
  const count = filledChunks(opening).length
  if (!verifyPath({ root: manifest.body.root, leaf, index, count, path })) {
    throw new ProtocolError('chunk-mismatch', 'a chunk that is not what its manifest commits to')
  }
  return leaf
}

/**
 * Whether an owner may sign a receipt for a part. A receipt is a promise: it is given once the state machine counts on
 * the part (`wait` until then), and never to whom we reported missing (`late`); in a later round it is useless (`over`).
 */
export function receiptDue(
  state: RoundState,
  { sid, index, self, from }: { sid: string; index: number; self: Member; from: Member },
): 'due' | 'wait' | 'late' | 'over' {
  const phase = findPhase(state, sid)
  if (phase === undefined) return 'over'
  const missing = saidBy(state, { type: 'missing', view: phase.opening.view, from: self })
  if (missing?.body.members.includes(from)) return 'late'
  return phase.held.has(`${index}/${from}`) ? 'due' : 'wait'
}

/**
 * Checks the receipt that a contributor was given for its chunk.
 *
 * @param wire     as it came
 * @param asked    the owner it must be from, and every field that it must name
 * @throws ProtocolError `bad-receipt`, or whatever `openReceipt` refuses
 */
export function checkReceipt(
  wire: Uint8Array,
  context: MessageContext,
  asked: { readonly owner: Member } & Omit<Receipt, 'study'>,
): void {
  const { from, body } = openReceipt(wire, context)
  const named = same(body.sid, asked.sid) && body.chunk === asked.chunk && same(body.hash, asked.hash)
  if (from !== asked.owner || !named || !same(body.contributor, asked.contributor)) {
    throw new ProtocolError('bad-receipt', 'a receipt for something else')
  }
}
