/**
 * An anti-entropy comparison: what its asker sends first, and what it pushes after the answer. The daemon and the
 * simulator both ask here; `protocols/sync/anti-entropy.ts` has what is answered.
 *
 * @module
 */

import { ProtocolError } from '../errors.ts'
import { same } from '../immutable.ts'
import { firstRoundLacked } from '../round/catch-up.ts'
import type { RoundState } from '../round/state.ts'
import { type Fill, holdingsOf, missingFrom, type Summary } from '../sync/anti-entropy.ts'
import { SYNC_BYTES_MAX } from '../sync/limits.ts'

/** A frame of a comparison: messages and links have `SYNC_BYTES_MAX` each. */
export const COMPARE_FRAME_BYTES_MAX = 2 * SYNC_BYTES_MAX
/** A hospital that falls behind asks again at every message from ahead: this is often enough. */
export const COMPARE_PAUSE_MS = 100

const NOTHING = { have: new Uint8Array(0), tags: new Uint8Array(0) }

/**
 * What a comparison begins with. After a page of links it asks for the next page; messages of our round are of no use then.
 *
 * @param recall   ask only for what we said ourselves, which our own disk may have forgotten
 */
export function summaryOf(state: RoundState, { study, recall }: { study: Uint8Array; recall: boolean }): Summary {
  if (recall) return { study, round: state.round, ...NOTHING, recall }
  const round = firstRoundLacked(state)
  return { study, round, ...(round === state.round ? holdingsOf(state) : NOTHING), recall }
}

/** Checks what another comparison begins with. @throws ProtocolError `other-study` */
export function checkSummary(summary: Summary, study: Uint8Array): void {
  if (!same(summary.study, study)) throw new ProtocolError('other-study', 'of another study')
}

/**
 * What is pushed after an answer: messages that its sender lacks; undefined for none, or when it is in another round.
 *
 * @param asked   the summary that it answers: its round stands in the push, and nobody reads it there
 */
export function pushAfter(state: RoundState, fill: Fill, asked: Pick<Summary, 'round'>): Fill | undefined {
  if (fill.round !== state.round) return undefined
  const messages = missingFrom(state, fill)
  return messages.length === 0 ? undefined : { round: asked.round, ...NOTHING, messages, links: [] }
}
