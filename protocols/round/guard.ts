/**
 * The guard against a disk that was set back: after a start a peer says nothing until others have told it what they hold
 * from it. What its own log does not know of was said before the disk was set back, and in rounds up to that one it
 * keeps silent. Best effort: a peer that only liars and newcomers can reach learns nothing.
 *
 * @module
 */

import { put } from '../facts.ts'
import type { RoundEvent } from '../ports.ts'
import type { Member } from '../roster/roster.ts'
import { messagesIn } from './book.ts'
import { slotOf } from './messages.ts'
import { forgot } from './receive.ts'
import { type RoundState, same, schedule, type Turn } from './state.ts'

/** One answer's messages, and the bytes of one of them. */
const HEARD_MAX = 256
const HEARD_BYTES_MAX = 1024

/** Asks one peer, if we are still asking. */
export function inquire(turn: Turn, member: Member): void {
  const { guard } = turn.state
  if (guard !== null && !guard.has(member)) turn.effects.push({ type: 'recall', from: member })
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
  const { guard } = turn.state
  if (guard !== null && round <= state.round) turn.state = { ...turn.state, guard: put(guard, from, true) }
}

/**
 * Ends the asking: with a quorum of answers, or with those of everybody who is not lost, if one of them must be honest.
 */
export function guardRule(turn: Turn): void {
  const { state, context } = turn
  const { guard, lost } = state
  if (guard === null) return
  const others = context.roster.hospitals.map((_, member) => member).filter(member => member !== context.self)
  // one that is there and never answers must not silence us for ever
  const patient = !state.flags.has('asked-again')
  const enough = patient ? Math.min(context.quorum, others.length) : others.length - context.faulty
  const complete = guard.size > context.faulty && others.every(member => guard.has(member) || lost.has(member))
  if (guard.size >= enough || complete) {
    turn.state = { ...state, guard: null }
    return
  }
  // whoever is connected and does not answer is asked again
  if (state.flags.has('ended:recall')) {
    const flags = new Map(state.flags)
    for (const flag of ['ended:recall', 'timer:recall']) flags.delete(flag)
    flags.set('asked-again', true)
    turn.state = { ...state, flags }
    for (const member of state.connected.keys()) inquire(turn, member)
  }
  schedule(turn, 'recall', context.timing.voteTimeoutMs)
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
