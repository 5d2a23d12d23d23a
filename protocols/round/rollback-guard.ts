/**
 * The guard against a rolled-back disk: after a start, a peer sends no messages until others have reported those of its
 * messages that they hold. A message that its own log lacks was sent before the rollback, and the peer stays silent in
 * rounds up to that message's. Best effort: a peer that reaches only liars and newcomers learns nothing. Where it is known
 * that the disk lacks messages, the silence does not depend on what others hold: see rules/end-silence.ts.
 *
 * @module
 */

import { put, same } from '../immutable.ts'
import { slotOf } from '../messages/messages.ts'
import type { Member } from '../roster/roster.ts'
import type { RoundEvent } from './events.ts'
import { messagesIn } from './message-table.ts'
import { forgot } from './receive.ts'
import type { RoundState } from './state.ts'
import type { Turn } from './transition.ts'

/** Most messages of one answer. */
const HEARD_MAX = 256
/** Longest message of an answer. */
const HEARD_BYTES_MAX = 1024

/** Asks one peer, while the guard is on and the peer has not answered. */
export function inquire(turn: Turn, member: Member): void {
  const { rollbackGuard } = turn.state
  if (rollbackGuard !== null && !rollbackGuard.has(member)) turn.effects.push({ type: 'recall', from: member })
}

/** Handles an answer. One from a later round does not count for ours: after catching up, we ask again. */
export function answered(turn: Turn, { from, round, messages }: Extract<RoundEvent, { type: 'recalled' }>): void {
  const { state, context } = turn
  for (const message of messages) {
    const { body } = message
    if (message.from !== context.self || body.round < state.round) continue
    const logged = body.round === state.round ? state.own.get(slotOf(message)) : undefined
    if (logged === undefined || !same(logged, message.bytes)) forgot(turn, body.round)
  }
  const { rollbackGuard } = turn.state
  if (rollbackGuard !== null && round <= state.round)
    turn.state = { ...turn.state, rollbackGuard: put(rollbackGuard, from, true) }
}

/**
 * Our answer to a member: the messages of it that we hold for our round and the next. Any one of them reveals a
 * rollback, so large ones, such as an OPEN or a PROPOSE, are left out.
 */
export function heardFrom({ messages, doubled, early }: RoundState, member: Member): Uint8Array[] {
  const heard: Uint8Array[] = []
  for (const all of [messagesIn(messages), doubled.values(), early.values()]) {
    for (const { from, bytes } of all) if (from === member && bytes.length <= HEARD_BYTES_MAX) heard.push(bytes)
  }
  return heard.slice(0, HEARD_MAX)
}
