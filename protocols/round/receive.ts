/**
 * How a message becomes a fact: one slot, one message; then whatever its type adds.
 *
 * @module
 */

import { ProtocolError } from '../../crypto/errors.ts'
import { isLowOrder } from '../../crypto/key-agreement.ts'
import { proposerIndex } from '../../crypto/transcript.ts'
import { checkOpening } from '../aggregation/opening.ts'
import { addProposal, addVote } from '../agreement/machine.ts'
import { put } from '../facts.ts'
import type { Entry, StepContext } from '../ports.ts'
import type { Member } from '../roster/roster.ts'
import { valueId } from '../sync/link.ts'
import { EARLY_PER_MEMBER_MAX } from './constants.ts'
import { type BodyOf, type Content, encodeBody, is, type Message, openMessage, slotOf } from './messages.ts'
import { hex, type RoundState, type Turn } from './state.ts'

/** The member who proposes in a view, of either agreement. */
export function proposerOf(context: StepContext, round: number, view: number): Member {
  return proposerIndex({ study: context.study, round, view, count: context.roster.hospitals.length })
}

/** Takes in a peer's message; what is wrong with it ends here, as a blame or in silence. */
export function receive(turn: Turn, message: Message): void {
  const { state } = turn
  const { round } = message.body
  const slot = slotOf(message)
  if (round === state.round + 1) {
    const kept = state.early
    if (kept.has(slot) || kept.size >= turn.context.roster.hospitals.length * EARLY_PER_MEMBER_MAX) return
    turn.state = { ...state, early: put(kept, slot, message) }
    return
  }
  if (round !== state.round) return
  const before = state.messages.get(slot)
  if (before !== undefined) {
    if (Buffer.compare(before.hash, message.hash) !== 0) {
      const evidence = [before.bytes, message.bytes]
      turn.effects.push({ type: 'blame', member: message.from, code: 'equivocation', evidence })
    }
    return
  }
  try {
    accept(turn, message)
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    turn.effects.push({ type: 'blame', member: message.from, code: error.code, evidence: [message.bytes] })
  }
}

/** Adds a message and what follows from it. @throws ProtocolError when it contradicts the round */
function accept(turn: Turn, message: Message): void {
  const { body } = message
  if (is(message, 'ready')) checkReady(turn, message)
  else if (is(message, 'open')) acceptOpen(turn, message)
  else if (is(message, 'propose')) acceptProposal(turn, message)
  else if (is(message, 'prevote') || is(message, 'precommit')) {
    const { view, value, instance, type } = message.body
    const vote = { phase: type, view, from: message.from, id: value === null ? null : hex(value) }
    turn.state = { ...turn.state, [instance]: addVote(turn.state[instance], vote) }
  }
  turn.state = { ...turn.state, messages: put(turn.state.messages, slotOf({ from: message.from, body }), message) }
}

function checkReady(turn: Turn, message: Message<BodyOf<'ready'>>): void {
  if (Buffer.compare(message.body.previous, turn.state.previous) !== 0) {
    throw new ProtocolError('other-result', 'READY after another result than ours')
  }
  if (isLowOrder(message.body.key)) throw new ProtocolError('low-order-key', 'READY with an unusable key')
}

function checkProposer(turn: Turn, message: Message<BodyOf<'open' | 'propose'>>): void {
  if (proposerOf(turn.context, turn.state.round, message.body.view) !== message.from) {
    throw new ProtocolError('not-proposer', `${message.body.type} by a peer whose view it is not`)
  }
}

function acceptOpen(turn: Turn, message: Message<BodyOf<'open'>>): void {
  checkProposer(turn, message)
  const opening = checkOpening(message, turn.context, turn.state.previous)
  // a READY that reached us only inside the OPEN is as good as one by gossip
  for (const ready of opening.readys) receive(turn, ready)
  const phase = { opening, held: new Map(), receipts: new Map(), deadline: false }
  turn.state = { ...turn.state, phases: put(turn.state.phases, opening.view, phase) }
}

function acceptProposal(turn: Turn, message: Message<BodyOf<'propose'>>): void {
  checkProposer(turn, message)
  const { instance, view, value, validView } = message.body
  const proposal = { view, value, id: hex(valueId(value)), validView }
  turn.state = { ...turn.state, [instance]: addProposal(turn.state[instance], proposal) }
}

/**
 * Says something in our own name: logged, then published, then known to ourselves. A slot that we have filled before,
 * perhaps before a crash, is said again as it was.
 *
 * @param entries what must become durable together with it
 * @returns the message as it stands in its slot
 */
export function say(turn: Turn, content: Content, entries: readonly Entry[] = []): Message {
  const { context, state } = turn
  const header = { study: context.study, roster: context.roster.version, round: state.round }
  const body = { ...content, ...header } as Message['body']
  const slot = slotOf({ from: context.self, body })
  const before = state.own.get(slot)
  const bytes = before ?? context.seal(encodeBody(body))
  const message = openMessage(bytes, context)
  if (before === undefined) {
    const own = { kind: 'own', round: state.round, slot, bytes } as const
    turn.effects.push({ type: 'store', entries: [...entries, own] })
    turn.state = { ...state, own: put(state.own, slot, bytes) }
  }
  turn.effects.push({ type: 'publish', bytes })
  if (!turn.state.messages.has(slot)) accept(turn, message)
  return message
}

/** Puts our own logged messages back in their places after a restart. */
export function restoreOwn(turn: Turn, own: ReadonlyMap<string, Uint8Array>): void {
  turn.state = { ...turn.state, own }
  for (const bytes of own.values()) {
    accept(turn, openMessage(bytes, turn.context))
    turn.effects.push({ type: 'publish', bytes })
  }
}

/** The accepted message of one slot, typed. */
export function saidBy<T extends Message['body']['type']>(
  state: RoundState,
  { type, view = 0, from }: { type: T; view?: number; from: Member },
): Message<BodyOf<T>> | undefined {
  const prefix = type === 'propose' || type === 'prevote' || type === 'precommit' ? `commit-${type}` : type
  const message = state.messages.get(`${prefix}/${view}/${from}`)
  return message as Message<BodyOf<T>> | undefined
}
