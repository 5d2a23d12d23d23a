/** Queries of a state that several rules share: proposers, accepted messages, silence. @module */

import { opens } from '../../crypto/commitment.ts'
import { proposerIndex } from '../../crypto/transcript.ts'
import { same } from '../immutable.ts'
import type { CommitValue } from '../messages/commit-value.ts'
import type { BodyOf, Message } from '../messages/messages.ts'
import type { Member } from '../roster/roster.ts'
import type { StepContext } from './context.ts'
import { rowIn } from './message-table.ts'
import type { RoundState } from './state.ts'

/** The proposer of a view, in either agreement. */
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

/** Cache of the proposers of the last queried round, because many rules query them in every step. */
const proposers = new WeakMap<StepContext, { readonly round: number; readonly byView: Map<number, Member> }>()

/**
 * Whether a message is an OPEN or a MANIFEST of the decided view, but not one that the decision names by hash. A faulty
 * member may have sent us another message first, which must not exclude the decided one.
 */
export function isStray(decided: CommitValue | null, { body, hash }: Message): boolean {
  if (decided === null || (body.type !== 'open' && body.type !== 'manifest') || body.view !== decided.view) return false
  const named = body.type === 'open' ? [decided.open] : decided.manifests
  return !named.some(one => same(one, hash))
}

/** Whether a RELEASE opens its sender's commitment in the committed session; true before a session is committed. */
export function isUsable(state: RoundState, { from, body }: Message<BodyOf<'release'>>): boolean {
  if (state.commitment === null) return true
  const { opening } = state.commitment
  const manifest = saidBy(state, { type: 'manifest', view: opening.view, from })
  if (manifest === undefined || !opening.members.includes(from)) return false
  return same(body.sid, opening.sid) && opens(manifest.body.commitment, body.key)
}

/** Whether we must not send messages: we have just started, or our disk was rolled back. */
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
