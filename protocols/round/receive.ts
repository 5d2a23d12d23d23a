/**
 * How a message becomes a fact: one slot, one message; then whatever its type adds.
 *
 * @module
 */

import { opens } from '../../crypto/commitment.ts'
import { ProtocolError } from '../../crypto/errors.ts'
import { proposerIndex } from '../../crypto/transcript.ts'
import { checkOpening, checkReady } from '../aggregation/opening.ts'
import { addProof, addProposal, addVote, decide } from '../agreement/machine.ts'
import { checkProof } from '../agreement/proof.ts'
import { put } from '../facts.ts'
import type { Entry, StepContext } from '../ports.ts'
import type { Member } from '../roster/roster.ts'
import { valueId } from '../sync/link.ts'
import { type CommitValue, decodeCommitValue } from './commit-value.ts'
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
  if (round === state.round + 1) return keepEarly(turn, message)
  if (round !== state.round || isStray(state.decided, message)) return
  const before = state.messages.get(slotOf(message))
  if (before !== undefined) {
    if (Buffer.compare(before.hash, message.hash) !== 0) contradict(turn, before, message)
    return
  }
  try {
    accept(turn, message)
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    turn.effects.push({ type: 'blame', member: message.from, code: error.code, evidence: [message.bytes] })
  }
}

/** A message of the next round waits, with a bound for each member, so that nobody can take another's place. */
function keepEarly(turn: Turn, message: Message): void {
  const { early } = turn.state
  const slot = slotOf(message)
  let kept = 0
  for (const { from } of early.values()) if (from === message.from) kept += 1
  if (early.has(slot) || kept >= EARLY_PER_MEMBER_MAX) return
  turn.state = { ...turn.state, early: put(early, slot, message) }
}

/** The first message of a slot stays; the second proves that its sender is faulty. */
function contradict(turn: Turn, before: Message, message: Message): void {
  const slot = slotOf(message)
  if (turn.state.doubled.has(slot)) return
  turn.state = { ...turn.state, doubled: put(turn.state.doubled, slot, message) }
  const evidence = [before.bytes, message.bytes]
  turn.effects.push({ type: 'blame', member: message.from, code: 'equivocation', evidence })
}

/**
 * True for an OPEN or a MANIFEST in the place of one that a quorum decided on. What is decided is named by hash: a
 * faulty member may have told us something else first, and that must not keep the right one out.
 */
export function isStray(decided: CommitValue | null, { body, hash }: Message): boolean {
  if (decided === null || (body.type !== 'open' && body.type !== 'manifest') || body.view !== decided.view) return false
  const named = body.type === 'open' ? [decided.open] : decided.manifests
  return !named.some(one => Buffer.compare(one, hash) === 0)
}

/** False for a RELEASE that does not open its sender's commitment; which one that is shows with the decided session. */
export function isUsable(state: RoundState, { from, body }: Message<BodyOf<'release'>>): boolean {
  if (state.commitment === null) return true
  const { opening } = state.commitment
  const manifest = saidBy(state, { type: 'manifest', view: opening.view, from })
  if (manifest === undefined || !opening.members.includes(from)) return false
  return hex(body.sid) === hex(opening.sid) && opens(manifest.body.commitment, body.key)
}

/** Adds a message and what follows from it. @throws ProtocolError when it contradicts the round */
function accept(turn: Turn, message: Message): void {
  const { body } = message
  if (is(message, 'ready')) checkReady(message, turn.context, turn.state.previous)
  else if (is(message, 'open')) acceptOpen(turn, message)
  else if (is(message, 'propose')) acceptProposal(turn, message)
  else if (is(message, 'certificate')) acceptCertificate(turn, message)
  else if (is(message, 'release') && !isUsable(turn.state, message)) {
    throw new ProtocolError('bad-release', 'RELEASE that does not open its commitment')
  } else if (is(message, 'prevote') || is(message, 'precommit')) {
    const { view, value, instance, type } = message.body
    const vote = { phase: type, view, from: message.from, id: value === null ? null : hex(value) }
    turn.state = { ...turn.state, [instance]: addVote(turn.state[instance], vote) }
  }
  turn.state = { ...turn.state, messages: put(turn.state.messages, slotOf({ from: message.from, body }), message) }
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
  turn.state = { ...turn.state, commit: decide(turn.state.commit, { id: hex(id), value, view }) }
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
  // our own word may also come back from others, when our disk has lost it
  const bytes = state.own.get(slot) ?? state.messages.get(slot)?.bytes ?? context.seal(encodeBody(body))
  const message = openMessage(bytes, context)
  if (!state.own.has(slot)) {
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
  // a copy: the log's own map may go on growing
  turn.state = { ...turn.state, own: new Map(own) }
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
