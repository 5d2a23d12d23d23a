/** Sends OPEN, as the proposer of a view, when enough hospitals are ready. @module */

import { BAN_VIEWS } from '../../roster/limits.ts'
import { candidates, isOpenable, mayOpenFirst } from '../candidates.ts'
import { proposerOf, saidBy } from '../facts.ts'
import { say } from '../say.ts'
import type { Turn } from '../transition.ts'

/**
 * Sends OPEN as the view's proposer, without delay in later views. A value that a quorum prevoted before is proposed
 * again, without a new OPEN.
 */
export function openRule(turn: Turn): void {
  const { state, context } = turn
  const { view, valid, decision } = state.commit
  if (decision !== null || valid !== null || state.phases.has(view) || !isOpenable(turn, BAN_VIEWS)) return
  if ((view === 0 && !mayOpenFirst(turn)) || !isOpenable(turn)) return
  if (proposerOf(context, state.round, view) !== context.self) return
  const { members, owners } = candidates(turn.state, context)
  const readys = members.map(from => saidBy(turn.state, { type: 'ready', from })?.bytes as Uint8Array)
  say(turn, { type: 'open', view, readys, owners })
}
