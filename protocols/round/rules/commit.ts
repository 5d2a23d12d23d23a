/**
 * The first agreement of a round, COMMIT: on the one session whose self keys will be released.
 *
 * @module
 */

import { fromString } from 'uint8arrays/from-string'
import type { Proposal } from '../../agreement/agreement.ts'
import { collectProof } from '../../agreement/proof.ts'
import { ProtocolError } from '../../errors.ts'
import { same } from '../../immutable.ts'
import { type CommitValue, decodeCommitValue } from '../../messages/commit-value.ts'
import { is, slotName } from '../../messages/messages.ts'
import type { Member } from '../../roster/roster.ts'
import { chunksOf } from '../../session/chunks.ts'
import { refuseRelease } from '../blame.ts'
import { viewMayOpen } from '../candidates.ts'
import { commitValue } from '../commit-data.ts'
import { manifestHashes } from '../data-phase.ts'
import { isStray, isUsable, proposerOf, saidBy } from '../facts.ts'
import { keepOnly, messagesIn } from '../message-table.ts'
import { CERTIFICATE } from '../once.ts'
import { receive } from '../receive.ts'
import { say } from '../say.ts'
import { type DataPhase, type RoundState, said } from '../state.ts'
import { done, ended, once, schedule, setPhase, type Turn } from '../transition.ts'
import { expireStep, limitProposal, proposalSlot, propose, runAgreement, voteTimeout } from '../voting.ts'

function isValid(state: RoundState, { value }: Proposal): boolean | undefined {
  let content: CommitValue
  try {
    content = decodeCommitValue(value)
  } catch (error) {
    if (error instanceof ProtocolError) return false
    throw error
  }
  const phase = state.phases.get(content.view)
  const expected = phase && commitValue(state, phase)
  return expected && Buffer.compare(expected, value) === 0
}

/**
 * Whether a view can no longer succeed: its time is over, an owner reported a member missing, or an owner is lost. We
 * still wait for the other owners' reports, because they determine the contributors of the next view.
 */
function isHopeless(turn: Turn, { opening }: DataPhase): boolean {
  const { state, context } = turn
  const { view } = opening
  const heard = (from: Member, type: 'loaded' | 'missing') => saidBy(state, { type, view, from }) !== undefined
  const owners = opening.owners.filter(owner => chunksOf(opening, owner).length > 0)
  const gone = (owner: Member) => state.lost.has(owner) && !heard(owner, 'loaded')
  if (!ended(state, { kind: 'data', view }) && !owners.some(owner => heard(owner, 'missing') || gone(owner)))
    return false
  schedule(turn, { kind: 'reports', view }, context.timing.voteTimeoutMs)
  const allHeard = owners.every(owner => heard(owner, 'missing') || heard(owner, 'loaded') || state.lost.has(owner))
  return allHeard || ended(state, { kind: 'reports', view })
}

/** Starts the timers of the current view: for its OPEN, for its data, and for its proposal, once one is possible. */
function clockRule(turn: Turn): void {
  const { state, context } = turn
  const { view } = state.commit
  const phase = state.phases.get(view)
  const proposer = proposerOf(context, state.round, view)
  const giveUp = () => expireStep(turn, 'commit', 'propose', view)
  // two OPENs or two PROPOSEs: nothing counts in this view
  const spoilt = [slotName({ type: 'open', number: view, from: proposer }), proposalSlot(turn, 'commit', view)]
  if (spoilt.some(slot => state.doubled.has(slot))) return giveUp()
  const complete = phase !== undefined && commitValue(state, phase) !== undefined
  if (complete && state.phase === 'uploaded') setPhase(turn, 'voting')
  if (complete || state.commit.proposals.has(view)) return limitProposal(turn, 'commit', view)
  if (phase === undefined) {
    if (!viewMayOpen(turn)) return
    schedule(turn, { kind: 'wait', view }, voteTimeout(context, view))
    if (ended(turn.state, { kind: 'wait', view }) || state.lost.has(proposer)) giveUp()
    return
  }
  // three times the transfer time of a vector on the slowest line that the study allows
  const transferMs = (3 * 4 * 8 * context.dimension * 1000) / context.timing.bandwidthMin
  schedule(turn, { kind: 'data', view }, context.timing.dataBaseMs + transferMs)
  if (isHopeless(turn, phase)) giveUp()
}

/** Runs the first agreement as far as the known facts allow. */
export function commitRule(turn: Turn): void {
  if (turn.state.commit.decision === null) {
    clockRule(turn)
    const { view } = turn.state.commit
    const phase = turn.state.phases.get(view)
    propose(turn, 'commit', () => phase && commitValue(turn.state, phase))
    runAgreement(turn, 'commit', proposal => isValid(turn.state, proposal))
  }
  if (turn.state.commit.decision === null) return
  bindDecision(turn)
  certify(turn)
  commitSession(turn)
}

/** Drops messages and openings in the place of those that the decision names. */
function bindDecision(turn: Turn): void {
  const { state } = turn
  const { decision } = state.commit
  if (state.decided !== null || decision === null) return
  const decided = decodeCommitValue(decision.value)
  const messages = keepOnly(state.messages, message => !isStray(decided, message))
  const phases = new Map(state.phases)
  const opened = phases.get(decided.view)
  if (opened !== undefined && !same(opened.opening.hash, decided.open)) phases.delete(decided.view)
  turn.state = { ...state, decided, messages, phases }
}

/** Sends CERTIFICATE when a member may not see the decision: another vote in its view, or any vote in a later view. */
function certify(turn: Turn): void {
  const { state, context } = turn
  const { decision, prevotes, precommits } = state.commit
  if (decision === null || done(state, CERTIFICATE)) return
  const { id, view, value } = decision
  const others = [...(precommits.get(view)?.values() ?? [])].some(vote => vote !== id)
  if (!others && ![...prevotes.keys(), ...precommits.keys()].some(voted => voted > view)) return
  once(turn, CERTIFICATE)
  const proven = {
    phase: 'precommit',
    instance: 'commit',
    round: state.round,
    view,
    id: fromString(id, 'hex'),
  } as const
  const proof = collectProof(messagesIn(state.messages), proven, context.quorum)
  // without our own quorum of precommits we learnt the decision from a certificate, which spreads anyway
  if (proof !== undefined) say(turn, { type: 'certificate', view, value, precommits: proof })
}

/** Commits to the decided session, once all messages that the decision names are here. */
function commitSession(turn: Turn): void {
  const { state } = turn
  if (state.commitment !== null || state.decided === null) return
  // the votes may reach us before the OPEN itself
  const opening = state.phases.get(state.decided.view)?.opening
  const manifests = opening && manifestHashes(state, opening)
  if (opening === undefined || manifests === undefined) return
  turn.state = { ...state, commitment: { opening, manifests } }
  for (const release of said(turn.state, 'release')) if (!isUsable(turn.state, release)) refuseRelease(turn, release)
  const usable = keepOnly(turn.state.messages, message => !is(message, 'release') || isUsable(turn.state, message))
  turn.state = { ...turn.state, messages: usable }
  // of two RELEASEs of one sender the first may be the unusable one
  for (const second of state.doubled.values()) if (is(second, 'release')) receive(turn, second)
  setPhase(turn, 'committed')
}
