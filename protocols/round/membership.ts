/**
 * Who takes part: changes of the roster that operators approve, and hospitals that sit a round out.
 *
 * @module
 */

import { remember } from '../memo.ts'
import type { StepContext } from '../ports.ts'
import { fits } from '../roster/change.ts'
import { type Row, rowIn } from './book.ts'
import type { BodyOf } from './messages.ts'
import { saidBy, say } from './receive.ts'
import { hex, type RoundState, same, type Turn } from './state.ts'

/** APPROVE: what our operator consents to, in every round until it is certified. */
export function approveRule(turn: Turn): void {
  const { state, context } = turn
  const { approving, roster } = state
  if (approving === null || saidBy(state, { type: 'approve', from: context.self })) return
  if (fits(context.document, roster, approving)) say(turn, { type: 'approve', change: approving })
}

/** The changes that a quorum approves in a round; there can be several, then the smallest goes first. */
const changesIn = remember((row: Row<BodyOf<'approve'>>, { quorum, document, roster }: StepContext): Uint8Array[] => {
  const approvals = new Map<string, Uint8Array[]>()
  for (const { body } of row.values()) {
    approvals.set(hex(body.change), [...(approvals.get(hex(body.change)) ?? []), body.change])
  }
  const changes = [...approvals.values()].filter(all => all.length >= quorum).map(all => all[0] as Uint8Array)
  return changes.filter(change => fits(document, roster, change)).sort(Buffer.compare)
})

/** The change that we would have certified with this round, if a quorum approves one. */
export function approvedChange({ messages }: RoundState, context: StepContext): Uint8Array | null {
  return changesIn(rowIn(messages, 'approve'), context)[0] ?? null
}

/** True when a quorum approves exactly this change. */
export function isApproved({ messages }: RoundState, context: StepContext, change: Uint8Array): boolean {
  return changesIn(rowIn(messages, 'approve'), context).some(approved => same(approved, change))
}

/** SIT-OUT: what we have said in this round is forgotten, or the key that we promised is lost. */
export function sitOutRule(turn: Turn): void {
  const { state, context } = turn
  if (state.guard !== null || saidBy(state, { type: 'sit-out', from: context.self })) return
  const ready = saidBy(state, { type: 'ready', from: context.self })
  const lostKey = ready !== undefined && state.key !== null && !same(ready.body.key, state.key)
  if (state.muted >= state.round || lostKey) say(turn, { type: 'sit-out' })
}

/** True while hospitals enough are left that have not said that they sit out. */
export function canOpen({ messages }: RoundState, { roster, contributorsMin }: StepContext): boolean {
  return roster.hospitals.length - rowIn(messages, 'sit-out').size >= contributorsMin
}
