/** Questions about a state that several rules ask: who proposes, who has said what, who is silent. @module */

import { opens } from '../../crypto/commitment.ts'
import { proposerIndex } from '../../crypto/transcript.ts'
import { same } from '../immutable.ts'
import type { CommitValue } from '../messages/commit-value.ts'
import type { BodyOf, Message } from '../messages/messages.ts'
import type { Member } from '../roster/roster.ts'
import type { StepContext } from './context.ts'
import { rowIn } from './message-table.ts'
import type { RoundState } from './state.ts'

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

/** True while nothing may leave in our name: we have just started, or our disk was set back. */
export function isSilent({ rollbackGuard, muted, round }: RoundState): boolean {
  return rollbackGuard !== null || muted >= round
}

/** The accepted message of one slot, typed. */
export function saidBy<T extends Message['body']['type']>(
  { messages }: RoundState,
  { type, view = 0, from }: { type: T; view?: number; from: Member },
): Message<BodyOf<T>> | undefined {
  return rowIn(messages, type, view).get(from)
}
