/**
 * Single-shot Tendermint with locks, for one value, as pure functions: facts, and the rules over them.
 *
 * The caller adds facts (a proposal, a vote, an expired timer) and calls `advance` until it returns no actions.
 * `advance` applies the seven rules and returns the votes to cast and the timers to start. Nothing here signs, sends or
 * stores.
 *
 * @module Buchman, Kwon, Milosevic: The latest gossip on BFT consensus (arXiv 1807.04938), algorithm 1.
 */

import { put } from '../immutable.ts'
import { VIEWS_MAX } from '../messages/limits.ts'
import type { Member } from '../roster/roster.ts'

/** A vote timeout grows by this factor with every view, up to the study's maximum. */
export const TIMEOUT_GROWTH = 1.5

/** Hex SHA-256 of a value; null is the vote for "no value in this view". */
export type ValueId = string | null

export interface Proposal {
  readonly view: number
  readonly value: Uint8Array
  readonly id: string
  /** the view in which the proposer saw a quorum of prevotes for this value, or -1 */
  readonly validView: number
}

export type VotePhase = 'prevote' | 'precommit'
type Votes = ReadonlyMap<number, ReadonlyMap<Member, ValueId>>

export interface AgreementState {
  readonly view: number
  readonly step: 'propose' | VotePhase
  readonly locked: { readonly id: string; readonly view: number } | null
  /** the newest value that a quorum prevoted, and its view: a proposer must propose this value again */
  readonly valid: { readonly id: string; readonly value: Uint8Array; readonly view: number } | null
  readonly proposals: ReadonlyMap<number, Proposal>
  readonly prevotes: Votes
  readonly precommits: Votes
  /** by view: the value for which a proof of lock showed a quorum of prevotes */
  readonly proven: ReadonlyMap<number, string>
  /** timers that were started, so that each is started once */
  readonly timed: ReadonlyMap<string, true>
  /** steps of views that are over for us: the timer expired, or the view is hopeless (`propose` only) */
  readonly expired: ReadonlyMap<string, true>
  readonly decision: { readonly id: string; readonly value: Uint8Array; readonly view: number } | null
}

export interface AgreementRules {
  readonly quorum: number
  readonly faulty: number
  /**
   * Judges a value that comes without a proof of lock, by what we hold ourselves. True and false are final; undefined
   * means that facts are still missing.
   */
  readonly isValid: (proposal: Proposal) => boolean | undefined
  /** true for a view in which nothing counts, because its proposer made two proposals */
  readonly isSpoilt: (view: number) => boolean
}

export type AgreementAction =
  | { readonly kind: 'vote'; readonly phase: VotePhase; readonly view: number; readonly id: ValueId }
  | { readonly kind: 'timer'; readonly phase: VotePhase; readonly view: number }
  | { readonly kind: 'enter'; readonly view: number }
  | { readonly kind: 'decide' }

export function createAgreement(): AgreementState {
  return {
    view: 0,
    step: 'propose',
    locked: null,
    valid: null,
    proposals: new Map(),
    prevotes: new Map(),
    precommits: new Map(),
    proven: new Map(),
    timed: new Map(),
    expired: new Map(),
    decision: null,
  }
}

/** Adds a proposal. The first one of a view is kept; a second one is evidence, which the caller handles. */
export function addProposal(state: AgreementState, proposal: Proposal): AgreementState {
  if (state.proposals.has(proposal.view) || proposal.view >= VIEWS_MAX) return state
  return { ...state, proposals: put(state.proposals, proposal.view, proposal) }
}

/** Adds one member's vote. The first one of a member, phase and view is kept. */
export function addVote(
  state: AgreementState,
  { phase, view, from, id }: { phase: VotePhase; view: number; from: Member; id: ValueId },
): AgreementState {
  const votes = phase === 'prevote' ? state.prevotes : state.precommits
  const inView = votes.get(view) ?? new Map<Member, ValueId>()
  if (inView.has(from) || view >= VIEWS_MAX) return state
  const added = put(votes, view, put(inView, from, id))
  return phase === 'prevote' ? { ...state, prevotes: added } : { ...state, precommits: added }
}

/**
 * Adds a proof of lock: a quorum prevoted the value in that view. Our own count may never reach the quorum, because a
 * faulty member may have sent us another vote than it sent to the others.
 */
export function addProof(state: AgreementState, { view, id }: { view: number; id: string }): AgreementState {
  return state.proven.has(view) ? state : { ...state, proven: put(state.proven, view, id) }
}

/** Adopts a decision that a certificate proves. The first one is kept. */
export function decide(
  state: AgreementState,
  decision: { readonly id: string; readonly value: Uint8Array; readonly view: number },
): AgreementState {
  return state.decision === null ? { ...state, decision } : state
}

/** Adds that the timer of a step expired. `propose` may also end early, when a view is known to be hopeless. */
export function expire(state: AgreementState, step: 'propose' | VotePhase, view: number): AgreementState {
  const name = `${step}:${view}`
  return state.expired.has(name) ? state : { ...state, expired: put(state.expired, name, true) }
}

/**
 * Restores the view, the step and the lock after a restart, from our own logged votes. The other messages bring back
 * the value behind a lock.
 */
export function restoreVotes(
  state: AgreementState,
  votes: readonly { phase: VotePhase; view: number; id: ValueId }[],
): AgreementState {
  let restored = state
  for (const { phase, view, id } of votes) {
    if (view > restored.view) restored = { ...restored, view, step: 'propose' }
    if (view === restored.view && (phase === 'precommit' || restored.step === 'propose')) {
      restored = { ...restored, step: phase }
    }
    if (phase === 'precommit' && id !== null && view >= (restored.locked?.view ?? -1)) {
      restored = { ...restored, locked: { id, view } }
    }
  }
  return restored
}

/** The value with a quorum in a view; undefined when there is none, null when the quorum voted for no value. */
function quorumValue(votes: Votes, view: number, quorum: number): ValueId | undefined {
  const inView = votes.get(view)
  if (inView === undefined || inView.size < quorum) return undefined
  const tally = new Map<ValueId, number>()
  for (const id of inView.values()) {
    const total = (tally.get(id) ?? 0) + 1
    if (total >= quorum) return id
    tally.set(id, total)
  }
  return undefined
}

/** The value that a quorum prevoted in a view, according to a proof or to our own count. */
function prevoted(state: AgreementState, view: number, quorum: number): ValueId | undefined {
  return state.proven.get(view) ?? quorumValue(state.prevotes, view, quorum)
}

/** The value behind an id, from any view's proposal. */
function proposedValue(state: AgreementState, id: string): Uint8Array | undefined {
  for (const proposal of state.proposals.values()) if (proposal.id === id) return proposal.value
  return undefined
}

/** Rules 1 and 2: the prevote for the current view's proposal, or undefined while it is undetermined. */
function prevoteFor(state: AgreementState, rules: AgreementRules): ValueId | undefined {
  const proposal = state.proposals.get(state.view)
  if (proposal !== undefined) {
    const { id, validView } = proposal
    if (validView >= state.view || rules.isSpoilt(state.view)) return null
    // a lock yields only to a quorum of prevotes at least as new
    const free = state.locked === null || state.locked.id === id || state.locked.view <= validView
    if (validView === -1) {
      const valid = free && rules.isValid(proposal)
      if (valid !== undefined) return valid ? id : null
    } else if (prevoted(state, validView, rules.quorum) === id) {
      // The first quorum for a value holds at least f+1 honest members that found it valid by what they hold. Judging it
      // again by what we hold could disagree for ever, and a member that is locked on it would wait for us for ever.
      return free ? id : null
    }
  }
  return state.expired.has(`propose:${state.view}`) ? null : undefined
}

/** Rule 5: decides a value with a quorum of precommits in any view, once the value itself is known. */
function decided(state: AgreementState, quorum: number): AgreementState['decision'] {
  for (const view of state.precommits.keys()) {
    const id = quorumValue(state.precommits, view, quorum)
    if (id === undefined || id === null) continue
    const value = proposedValue(state, id)
    if (value !== undefined) return { id, value, view }
  }
  return null
}

/** Rule 6: the highest view that more than f members have reached, at least one of them honest. */
function reachedBy(state: AgreementState, faulty: number): number {
  const highest = new Map<Member, number>()
  for (const votes of [state.prevotes, state.precommits]) {
    for (const [view, inView] of votes) {
      if (view <= state.view) continue
      for (const from of inView.keys()) highest.set(from, Math.max(view, highest.get(from) ?? 0))
    }
  }
  return [...highest.values()].sort((a, b) => b - a)[faulty] ?? state.view
}

/** Rule 3, the part for every step: the newest value with a quorum of prevotes must be proposed again. */
function newestValid(state: AgreementState, quorum: number): AgreementState['valid'] {
  let newest = state.valid
  for (const view of [...state.prevotes.keys(), ...state.proven.keys()]) {
    if (view > state.view || view <= (newest?.view ?? -1)) continue
    const id = prevoted(state, view, quorum)
    const value = typeof id === 'string' ? proposedValue(state, id) : undefined
    if (value !== undefined) newest = { id: id as string, value, view }
  }
  return newest
}

/** Rules 3 and 4: the precommit in the current view, or undefined while it is undetermined. */
function precommitFor(state: AgreementState, quorum: number): ValueId | undefined {
  const id = prevoted(state, state.view, quorum)
  if (id === null || (id !== undefined && proposedValue(state, id) !== undefined)) return id
  return state.expired.has(`prevote:${state.view}`) ? null : undefined
}

function enter(state: AgreementState, view: number): AgreementState {
  return { ...state, view, step: 'propose' }
}

/** Starts a timer once a quorum has voted, for any value, in the current view: before that, waiting has no limit. */
function timer(state: AgreementState, phase: VotePhase, quorum: number, actions: AgreementAction[]): AgreementState {
  const name = `${phase}:${state.view}`
  const votes = phase === 'prevote' ? state.prevotes : state.precommits
  if (state.timed.has(name) || (votes.get(state.view)?.size ?? 0) < quorum) return state
  actions.push({ kind: 'timer', phase, view: state.view })
  return { ...state, timed: put(state.timed, name, true) }
}

/**
 * Applies the first rule that fires. The caller carries out the actions (it adds its own vote with `addVote`) and calls
 * again until there are none.
 */
export function advance(
  before: AgreementState,
  rules: AgreementRules,
): { state: AgreementState; actions: AgreementAction[] } {
  const actions: AgreementAction[] = []
  let state = before
  if (state.decision !== null) return { state, actions }
  const decision = decided(state, rules.quorum)
  if (decision !== null) return { state: { ...state, decision }, actions: [{ kind: 'decide' }] }
  const valid = newestValid(state, rules.quorum)
  if (valid !== state.valid) state = { ...state, valid }
  const ahead = reachedBy(state, rules.faulty)
  if (ahead > state.view) return { state: enter(state, ahead), actions: [{ kind: 'enter', view: ahead }] }

  if (state.step === 'propose') {
    const id = prevoteFor(state, rules)
    if (id !== undefined) {
      actions.push({ kind: 'vote', phase: 'prevote', view: state.view, id })
      return { state: { ...state, step: 'prevote' }, actions }
    }
  }
  if (state.step === 'prevote') {
    state = timer(state, 'prevote', rules.quorum, actions)
    const id = precommitFor(state, rules.quorum)
    if (id !== undefined) {
      const locked = id === null ? state.locked : { id, view: state.view }
      actions.push({ kind: 'vote', phase: 'precommit', view: state.view, id })
      return { state: { ...state, step: 'precommit', locked }, actions }
    }
  }
  state = timer(state, 'precommit', rules.quorum, actions)
  // a quorum for nil needs no timer: this view can no longer decide anything that a later view would not find
  const over = quorumValue(state.precommits, state.view, rules.quorum) === null
  if (over || state.expired.has(`precommit:${state.view}`)) {
    const view = state.view + 1
    if (view < VIEWS_MAX) return { state: enter(state, view), actions: [...actions, { kind: 'enter', view }] }
  }
  return { state, actions }
}
