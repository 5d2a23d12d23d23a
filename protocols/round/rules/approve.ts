/** Sends APPROVE for the change of the roster that our operator approves. @module */

import { fits } from '../../roster/change.ts'
import { saidBy } from '../facts.ts'
import { say } from '../say.ts'
import type { Turn } from '../transition.ts'

/** Sends APPROVE in every round until the change is certified. */
export function approveRule(turn: Turn): void {
  const { state, context } = turn
  const { approving, roster } = state
  if (approving === null || saidBy(state, { type: 'approve', from: context.self })) return
  if (fits(context.document, roster, approving)) say(turn, { type: 'approve', change: approving })
}
