/**
 * How a message becomes a fact: one slot, one message; then whatever its type adds.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { opens } from '../../crypto/commitment.ts'
import { ProtocolError } from '../../crypto/errors.ts'
import { sha256 } from '../../crypto/hash.ts'
import { proposerIndex } from '../../crypto/transcript.ts'
import { isBanned } from '../aggregation/machine.ts'
import { checkOpening, checkReady } from '../aggregation/opening.ts'
import { addProof, addProposal, addVote, decide } from '../agreement/machine.ts'
import { checkProof } from '../agreement/proof.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { verifyEvidence } from '../evidence/verify.ts'
import { put } from '../facts.ts'
import type { Entry, StepContext } from '../ports.ts'
import { decodeChange } from '../roster/change.ts'
import type { Member } from '../roster/roster.ts'
import { valueId } from '../sync/link.ts'
import { inSlot, inSlotOf, rowIn, withMessage } from './book.ts'
import { type CommitValue, decodeCommitValue } from './commit-value.ts'
import { EARLY_PER_MEMBER_MAX, ROUND_BYTES_MAX } from './constants.ts'
import { type BodyOf, type Content, encodeBody, is, type Message, openMessage, slotOf } from './messages.ts'
import { hex, once, type RoundState, same, setPhase, type Turn } from './state.ts'

/** The member who proposes in a view, of either agreement. */
export function proposerOf(context: StepContext, round: number, view: number): Member {
  let known = proposers.get(context)
  if (known?.round !== round) {
    known = { round, byView: new Map() }
    proposers.set(context, known)
  }
  let proposer = known.byView.get(view)
  if (proposer === undefined) {
    proposer = proposerIndex({ study: context.study, round, view, count: context.roster.hospitals.length })
    known.byView.set(view, proposer)
  }
  return proposer
}

/** The proposers of the round that was asked about last: every rule asks, in every step. */
const proposers = new WeakMap<StepContext, { readonly round: number; readonly byView: Map<number, Member> }>()

/** Takes in a peer's message; what is wrong with it ends here, as a blame or in silence. */
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
 * Our own word, which our own disk has forgotten: it was set back to an older state. Whatever else we said in that round
 * is unknown, so we say nothing more in it.
 */
export function forgot(turn: Turn, round: number): void {
  if (turn.state.muted >= round) return
  turn.state = { ...turn.state, muted: round }
  const reason = `others hold messages of ours that this disk does not: it was set back. Silent until round ${round} ends`
  turn.effects.push({ type: 'emit', notice: { kind: 'refused', round: turn.state.round, code: 'rolled-back', reason } })
}

/** Points at a faulty member: with proof where there is one, else as a suspicion that counts for us alone. */
export function blame(
  turn: Turn,
  { member, code }: { member: Member; code: string },
  evidence: Evidence | null = null,
): void {
  let proof = evidence
  try {
    if (evidence !== null && verifyEvidence(evidence, turn.context).accused !== member) proof = null
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    proof = null
  }
  turn.effects.push({ type: 'blame', member, code, evidence: proof })
}

/** More than f hospitals lie: there is no safe way to go on. */
export function halt(turn: Turn, wires: readonly Uint8Array[]): void {
  if (!once(turn, 'halted')) return
  const { round } = turn.state
  const reason = `two certificates of round ${round} contradict each other: more hospitals lie than the study tolerates`
  turn.effects.push({ type: 'store', entries: [{ kind: 'halt', round, evidence: wires }] })
  turn.effects.push({ type: 'emit', notice: { kind: 'refused', round, code: 'conflicting-certificates', reason } })
  setPhase(turn, 'halted')
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
  const evidence = { kind: 'equivocation', first: before.bytes, second: message.bytes } as const
  blame(turn, { member: message.from, code: 'equivocation' }, evidence)
}

/**
 * True for an OPEN or a MANIFEST in the place of one that a quorum decided on. What is decided is named by hash: a
 * faulty member may have told us something else first, and that must not keep the right one out.
 */
export function isStray(decided: CommitValue | null, { body, hash }: Message): boolean {
  if (decided === null || (body.type !== 'open' && body.type !== 'manifest') || body.view !== decided.view) return false
  const named = body.type === 'open' ? [decided.open] : decided.manifests
  return !named.some(one => same(one, hash))
}

/** False for a RELEASE that does not open its sender's commitment; which one that is shows with the decided session. */
export function isUsable(state: RoundState, { from, body }: Message<BodyOf<'release'>>): boolean {
  if (state.commitment === null) return true
  const { opening } = state.commitment
  const manifest = saidBy(state, { type: 'manifest', view: opening.view, from })
  if (manifest === undefined || !opening.members.includes(from)) return false
  return same(body.sid, opening.sid) && opens(manifest.body.commitment, body.key)
}

/** Adds a message and what follows from it. @throws ProtocolError when it contradicts the round */
function accept(turn: Turn, message: Message): void {
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

/** A self key that does not open its sender's commitment is as good as none. */
export function refuseRelease(turn: Turn, release: Message<BodyOf<'release'>>): void {
  const { from, bytes } = release
  const view = turn.state.commitment?.opening.view
  const manifest = view === undefined ? undefined : saidBy(turn.state, { type: 'manifest', view, from })
  const evidence = manifest && ({ kind: 'false-release', manifest: manifest.bytes, release: bytes } as const)
  blame(turn, { member: from, code: 'bad-release' }, evidence ?? null)
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
  const { decision } = turn.state.commit
  if (decision !== null && decision.id !== hex(id)) return halt(turn, [message.bytes])
  turn.state = { ...turn.state, commit: decide(turn.state.commit, { id: hex(id), value, view }) }
}

/** True while nothing may leave in our name: we have just started, or our disk was set back. */
export function isSilent({ guard, muted, round }: RoundState): boolean {
  return guard !== null || muted >= round
}

/**
 * Says something in our own name: logged, then published, then known to ourselves. A slot that we have filled before,
 * perhaps before a crash, is said again as it was.
 *
 * @param entries what must become durable together with it
 */
export function say(turn: Turn, content: Content, entries: readonly Entry[] = []): void {
  const { context, state } = turn
  assert(content.type === 'sit-out' || !isSilent(state), `${content.type} while silent`)
  const header = { study: context.study, roster: state.roster.version, round: state.round }
  const body = { ...content, ...header } as Message['body']
  const slot = slotOf({ from: context.self, body })
  const logged = state.own.get(slot)
  const fresh = logged === undefined ? sealed(body, context) : openMessage(logged, context)
  if (logged === undefined) {
    const own = { kind: 'own', round: state.round, slot, bytes: fresh.bytes } as const
    turn.effects.push({ type: 'store', entries: [...entries, own] })
    turn.state = { ...state, own: put(state.own, slot, fresh.bytes) }
  }
  turn.effects.push({ type: 'publish', bytes: fresh.bytes })
  if (inSlot(turn.state.messages, slot) === undefined) accept(turn, fresh)
}

function sealed(body: Message['body'], context: StepContext): Message {
  const bytes = encodeBody(body)
  return { from: context.self, body, bytes: context.seal(bytes), hash: sha256(bytes) }
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
  { messages }: RoundState,
  { type, view = 0, from }: { type: T; view?: number; from: Member },
): Message<BodyOf<T>> | undefined {
  return rowIn(messages, type, view).get(from)
}
