/**
 * The second agreement of a round, RESULT: on the round's result, or on VOID.
 *
 * @module
 */

import type { Proposal } from '../../agreement/agreement.ts'
import { ProtocolError } from '../../errors.ts'
import { same } from '../../immutable.ts'
import { decodeResultValue, encodeResultValue, type ResultValue } from '../../messages/result-value.ts'
import type { Member } from '../../roster/roster.ts'
import type { RoundOutput } from '../../secure-sum/jobs.ts'
import { roundKind } from '../../study/rounds.ts'
import { approvedChange, canOpen, isApproved } from '../approvals.ts'
import { ownersUnheard } from '../chunk-sums.ts'
import type { StepContext } from '../context.ts'
import { saidBy } from '../facts.ts'
import { unconfirmed } from '../fingerprints.ts'
import { DIVERGED } from '../once.ts'
import type { RoundState } from '../state.ts'
import { done, ended, schedule, setPhase, type Turn } from '../transition.ts'
import { limitProposal, propose, runAgreement } from '../voting.ts'

/** Records the checkpoint from the opened sum as our own result, which we vote for. */
export function applied(turn: Turn, { sid, sum, checkpoint }: Extract<RoundOutput, { kind: 'apply' }>): void {
  const { commitment } = turn.state
  if (commitment?.opening.sidHex !== sid) return
  const { opening } = commitment
  const members = [...opening.members]
  const kind = roundKind(turn.context.document, turn.state.round)
  const outcome = { outcome: 'result', kind, sid: opening.sid, sum, checkpoint, members, view: opening.view } as const
  turn.state = { ...turn.state, outcome: { ...outcome, change: null } }
  setPhase(turn, 'summed')
}

/**
 * The members that prevent the round's result: contributors without a release; when all have released, the owners of
 * chunks that no peer could sum, because the parts were lost with the owner; then contributors whose part of the sum
 * cannot be confirmed.
 */
function hindering(state: RoundState, { self }: StepContext): Member[] {
  if (state.commitment === null) return []
  const withheld = state.commitment.opening.members.filter(from => !saidBy(state, { type: 'release', from }))
  if (withheld.length > 0) return withheld
  const unheard = [...new Set(ownersUnheard(state))].sort((a, b) => a - b)
  return unheard.length > 0 ? unheard : unconfirmed(state, self)
}

type Void = Extract<ResultValue, { outcome: 'void' }>

/** Our own VOID: members prevent the result until the void timer ends, the model diverged, or too few can open. */
function ownVoid(state: RoundState, context: StepContext): Void | undefined {
  const { commitment, commit } = state
  if (commitment === null) {
    if (commit.decision !== null || canOpen(state, context)) return undefined
    return { outcome: 'void', sid: new Uint8Array(32), members: [] }
  }
  const { sid } = commitment.opening
  if (done(state, DIVERGED)) return { outcome: 'void', sid, members: [] }
  const members = hindering(state, context)
  return ended(state, { kind: 'void' }) && members.length > 0 ? { outcome: 'void', sid, members } : undefined
}

/** The value that we would propose. */
function ownValue(state: RoundState, context: StepContext): ResultValue | undefined {
  if (state.outcome === null) return ownVoid(state, context)
  return { ...state.outcome, change: approvedChange(state, context) }
}

/** Judges a value that no quorum has prevoted yet, by our own. */
function isValid(state: RoundState, { value }: Proposal, context: StepContext): boolean | undefined {
  let proposed: ResultValue
  try {
    proposed = decodeResultValue(value)
  } catch (error) {
    if (error instanceof ProtocolError) return false
    throw error
  }
  const own = ownValue(state, context)
  if (own === undefined) return undefined
  if (proposed.outcome === 'void') return own.outcome === 'void' && coversVoid(own, proposed)
  if (own.outcome === 'void') return false
  const { change } = proposed
  if (!same(value, encodeResultValue({ ...own, change }))) return false
  // the proposer holds a quorum of approvals, which spread to us like every message
  return change === null || isApproved(state, context, change) ? true : undefined
}

/** Whether a proposed VOID names only members of our own VOID: a release may have reached some peers and not others. */
function coversVoid(own: Void, { sid, members }: Void): boolean {
  const ascending = members.every((member, at) => at === 0 || (members[at - 1] as Member) < member)
  const some = members.length > 0 || own.members.length === 0
  return some && ascending && same(sid, own.sid) && members.every(member => own.members.includes(member))
}

/** Runs the second agreement as far as the known facts allow. */
export function outcomeRule(turn: Turn): void {
  const { state, context } = turn
  if (state.result.decision !== null) return
  if (state.commitment !== null && state.outcome === null) schedule(turn, { kind: 'void' }, context.timing.voidAfterMs)
  const own = ownValue(turn.state, context)
  // what a quorum has prevoted is proposed again by members that have no value of their own, too
  if (own !== undefined || state.result.valid !== null) limitProposal(turn, 'result', state.result.view)
  propose(turn, 'result', () => own && encodeResultValue(own))
  runAgreement(turn, 'result', proposal => isValid(turn.state, proposal, context))
}
