/**
 * Accepts messages: one for each slot, with the consequences of its type.
 *
 * @module
 */

import { addProof, addProposal, addVote, decide } from '../agreement/agreement.ts'
import { checkProof } from '../agreement/proof.ts'
import { ProtocolError } from '../errors.ts'
import { hex, put, same } from '../immutable.ts'
import { decodeCommitValue } from '../messages/commit-value.ts'
import { EARLY_PER_MEMBER_MAX, ROUND_BYTES_MAX } from '../messages/limits.ts'
import { type BodyOf, is, type Message, slotOf } from '../messages/messages.ts'
import { valueId } from '../messages/result-value.ts'
import { decodeChange } from '../roster/change.ts'
import { checkOpening, checkReady } from '../session/opening.ts'
import { isBanned } from '../transcript/head.ts'
import { blame, halt, refuseRelease } from './blame.ts'
import { isStray, isUsable, proposerOf } from './facts.ts'
import { inSlotOf, withMessage } from './message-table.ts'
import type { Turn } from './transition.ts'

/** Handles a peer's message. An invalid one is dropped, or its sender is blamed. */
export function receive(turn: Turn, message: Message): void {
  const { state, context } = turn
  const { from, body } = message
  if (body.roster !== state.roster.version) return
  if (body.round === state.round + 1) return keepEarly(turn, message)
  if (body.round !== state.round || isStray(state.decided, message)) return
  if (from === context.self) {
    const logged = state.own.get(slotOf(message))
    if (logged === undefined || !same(logged, message.bytes)) return forgot(turn, body.round)
  }
  const before = inSlotOf(state.messages, message)
  if (before !== undefined) {
    if (!same(before.hash, message.hash)) contradict(turn, before, message)
    return
  }
  const weight = (state.weights.get(from) ?? 0) + message.bytes.length
  if (weight > ROUND_BYTES_MAX) return
  try {
    accept(turn, message)
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    return blame(turn, { member: from, code: error.code }, { kind: 'invalid', wire: message.bytes })
  }
  turn.state = { ...turn.state, weights: put(turn.state.weights, from, weight) }
}

/**
 * Handles a message of ours that our disk lacks: the disk was rolled back to an older state. Our other messages in that
 * round are unknown, so we send no more in it.
 */
export function forgot(turn: Turn, round: number): void {
  if (turn.state.muted >= round) return
  turn.state = { ...turn.state, muted: round }
  const reason = `others hold messages of ours that this disk does not: it was set back. Silent until round ${round} ends`
  turn.effects.push({ type: 'emit', notice: { kind: 'refused', round: turn.state.round, code: 'rolled-back', reason } })
}

/** Keeps a message for the next round, with a limit for each member, so that no member can displace another's. */
function keepEarly(turn: Turn, message: Message): void {
  const { early } = turn.state
  const slot = slotOf(message)
  let kept = 0
  for (const { from } of early.values()) if (from === message.from) kept += 1
  if (early.has(slot) || kept >= EARLY_PER_MEMBER_MAX) return
  turn.state = { ...turn.state, early: put(early, slot, message) }
}

/** Keeps the first message of a slot; a second one proves that its sender is faulty. */
function contradict(turn: Turn, before: Message, message: Message): void {
  const slot = slotOf(message)
  if (turn.state.doubled.has(slot)) return
  turn.state = { ...turn.state, doubled: put(turn.state.doubled, slot, message) }
  const evidence = { kind: 'equivocation', first: before.bytes, second: message.bytes } as const
  blame(turn, { member: message.from, code: 'equivocation' }, evidence)
}

/** Adds a message and its consequences. @throws ProtocolError when it contradicts the round */
export function accept(turn: Turn, message: Message): void {
  if (is(message, 'ready')) checkReady(message, turn.context, turn.state.previous)
  else if (is(message, 'open')) acceptOpen(turn, message)
  else if (is(message, 'propose')) acceptProposal(turn, message)
  else if (is(message, 'certificate')) acceptCertificate(turn, message)
  else if (is(message, 'release') && !isUsable(turn.state, message)) {
    return refuseRelease(turn, message)
  } else if (is(message, 'approve')) decodeChange(message.body.change)
  else if (is(message, 'prevote') || is(message, 'precommit')) {
    const { view, value, instance, type } = message.body
    const vote = { phase: type, view, from: message.from, id: value === null ? null : hex(value) }
    turn.state = { ...turn.state, [instance]: addVote(turn.state[instance], vote) }
  }
  turn.state = { ...turn.state, messages: withMessage(turn.state.messages, message) }
}

function checkProposer(turn: Turn, message: Message<BodyOf<'open' | 'propose'>>): void {
  if (proposerOf(turn.context, turn.state.round, message.body.view) !== message.from) {
    throw new ProtocolError('not-proposer', `${message.body.type} by a peer whose view it is not`)
  }
}

function acceptOpen(turn: Turn, message: Message<BodyOf<'open'>>): void {
  checkProposer(turn, message)
  const opening = checkOpening(message, turn.context, turn.state.previous)
  if (opening.members.some(member => isBanned(turn.state, member, opening.view))) {
    throw new ProtocolError('bad-open', 'OPEN with a hospital that a certified VOID keeps out')
  }
  // accepts the READYs inside the OPEN as well, which may not have reached us by gossip
  for (const ready of opening.readys) receive(turn, ready)
  const phase = { opening, held: new Map(), receipts: new Map() }
  turn.state = { ...turn.state, phases: put(turn.state.phases, opening.view, phase) }
}

function acceptProposal(turn: Turn, message: Message<BodyOf<'propose'>>): void {
  checkProposer(turn, message)
  const { instance, round, view, value, validView, proof } = message.body
  const id = valueId(value)
  let agreement = addProposal(turn.state[instance], { view, value, id: hex(id), validView })
  if (validView >= view) throw new ProtocolError('bad-proof', 'PROPOSE with a lock from a view that is still to come')
  if (validView >= 0) {
    checkProof(proof, { phase: 'prevote', instance, round, view: validView, id }, turn.context)
    agreement = addProof(agreement, { view: validView, id: hex(id) })
  }
  turn.state = { ...turn.state, [instance]: agreement }
}

function acceptCertificate(turn: Turn, message: Message<BodyOf<'certificate'>>): void {
  const { round, view, value, precommits } = message.body
  const id = valueId(value)
  checkProof(precommits, { phase: 'precommit', instance: 'commit', round, view, id }, turn.context)
  decodeCommitValue(value)
  const { decision } = turn.state.commit
  if (decision !== null && decision.id !== hex(id)) return halt(turn, [message.bytes])
  turn.state = { ...turn.state, commit: decide(turn.state.commit, { id: hex(id), value, view }) }
}
