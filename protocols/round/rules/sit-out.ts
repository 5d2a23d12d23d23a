/** Sends SIT-OUT when we cannot contribute in a round. @module */

import { same } from '../../immutable.ts'
import { saidBy } from '../facts.ts'
import { say } from '../say.ts'
import type { Turn } from '../transition.ts'

/** Sends SIT-OUT when our log lacks messages that we sent in this round, or the key in our READY is lost. */
export function sitOutRule(turn: Turn): void {
  const { state, context } = turn
  if (state.rollbackGuard !== null || saidBy(state, { type: 'sit-out', from: context.self })) return
  const ready = saidBy(state, { type: 'ready', from: context.self })
  const lostKey = ready !== undefined && state.key !== null && !same(ready.body.key, state.key)
  if (state.muted >= state.round || lostKey) say(turn, { type: 'sit-out' })
}
