/**
 * The guard against a disk that was set back: after a start a peer says nothing until others have told it what they hold
 * from it. What its own log does not know of was said before the disk was set back, and in rounds up to that one it
 * keeps silent. Best effort: a peer that only liars and newcomers can reach learns nothing.
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

/** One answer's messages, and the bytes of one of them. */
const HEARD_MAX = 256
const HEARD_BYTES_MAX = 1024

/** Asks one peer, if we are still asking. */
export function inquire(turn: Turn, member: Member): void {
  const { rollbackGuard } = turn.state
  if (rollbackGuard !== null && !rollbackGuard.has(member)) turn.effects.push({ type: 'recall', from: member })
}

/** Takes in an answer. One from a later round says nothing about ours: once we have caught up, we ask again. */
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
 * What we hold from a member in our round and the next: our answer to its question. Any of it shows that a disk was set
 * back, so an OPEN or a PROPOSE, which may be large, can stay behind.
 */
export function heardFrom({ messages, doubled, early }: RoundState, member: Member): Uint8Array[] {
  const heard: Uint8Array[] = []
  for (const all of [messagesIn(messages), doubled.values(), early.values()]) {
    for (const { from, bytes } of all) if (from === member && bytes.length <= HEARD_BYTES_MAX) heard.push(bytes)
  }
  return heard.slice(0, HEARD_MAX)
}
