/**
 * Chooses the contributors and owners of a view, by the members' behaviour in earlier views.
 *
 * @module
 */

import { same } from '../immutable.ts'
import { BAN_VIEWS } from '../roster/limits.ts'
import type { Member } from '../roster/roster.ts'
import { filledChunks } from '../session/chunks.ts'
import { isBanned } from '../transcript/head.ts'
import { isStruck } from './avoidance.ts'
import type { StepContext } from './context.ts'
import { loadedIn, manifestsIn } from './data-phase.ts'
import { saidBy } from './facts.ts'
import { rowIn } from './message-table.ts'
import type { RoundState } from './state.ts'
import { ended, schedule, type Turn } from './transition.ts'

/** Members that may contribute to a view: ready, and not known to be lost, faulty, or missing in an earlier view. */
export function candidates(
  state: RoundState,
  context: StepContext,
  view = state.commit.view,
): { members: Member[]; owners: Member[] } {
  const sittingOut = rowIn(state.messages, 'sit-out')
  const readys = [...rowIn(state.messages, 'ready').values()].filter(
    ({ from }) => !state.lost.has(from) && !sittingOut.has(from) && !isBanned(state, from, view),
  )
  readys.sort((a, b) => a.from - b.from)
  const { out, disowned } = suspects(state, context)
  const kept = readys.filter(({ from }) => !out.has(from) && !isStruck(state, from))
  const chosen = kept.length >= context.contributorsMin ? kept : readys
  const willing = chosen.filter(({ body }) => body.owner)
  const eligible = (willing.length > 0 ? willing : chosen).map(({ from }) => from)
  const owners = eligible.filter(member => !disowned.has(member))
  // the first view has no history, and every peer checks that it includes all willing owners
  const first = state.commit.view === 0 || owners.length === 0
  return { members: chosen.map(({ from }) => from), owners: first ? eligible : owners }
}

/** Whether we know enough contributors to open a view: the current one, or a later one without bans. */
export function isOpenable({ state, context }: Turn, view = state.commit.view): boolean {
  return candidates(state, context, view).members.length >= context.contributorsMin
}

/** Whether the first view may open: all expected members are ready, or a timer has ended the wait for them. */
export function mayOpenFirst(turn: Turn): boolean {
  const { context } = turn
  const { members } = candidates(turn.state, context)
  const many = members.length >= Math.max(context.quorum, context.contributorsMin)
  if (many) schedule(turn, { kind: 'open' }, context.timing.openDelayMs)
  // hospitals whose budget is spent vote but are never ready: the others may be fewer than a quorum
  schedule(turn, { kind: 'open-few' }, context.timing.openDelayMs + context.timing.voteTimeoutMsMax)
  if (ended(turn.state, { kind: 'open' }) || ended(turn.state, { kind: 'open-few' })) return true
  // who is not known to be gone is waited for: at the start, or after a short break, it may be about to connect
  const { state } = turn
  const [readys, sittingOut] = [rowIn(state.messages, 'ready'), rowIn(state.messages, 'sit-out')]
  const here = context.roster.peers.map((_, member) => member).filter(member => !state.lost.has(member))
  const expected = here.filter(
    member => !sittingOut.has(member) && !isBanned(state, member, 0) && !isStruck(state, member),
  )
  return many && expected.every(member => readys.has(member))
}

/** Whether the current view may begin; its clock starts only then. */
export function viewMayOpen(turn: Turn): boolean {
  const { state } = turn
  const { view, valid } = state.commit
  // a value that a quorum prevoted needs no further data
  if (valid !== null) return true
  return (
    isOpenable(turn, Math.max(view, BAN_VIEWS)) &&
    (view > 0 || ended(state, { kind: 'open' }) || ended(state, { kind: 'open-few' }))
  )
}

/**
 * Members that earlier views of the round speak against: `out` should not contribute, `disowned` should not own a
 * chunk. More than f owners that report the same member missing cannot all lie. Fewer owners may all lie, so they are
 * disowned instead, unless the member is lost.
 */
export function suspects(state: RoundState, context: StepContext): { out: Set<Member>; disowned: Set<Member> } {
  const out = new Set<Member>()
  const disowned = new Set<Member>()
  const missedBy = new Map<Member, Set<Member>>()
  for (const { from } of state.doubled.values()) out.add(from)
  for (const [view, { opening }] of state.phases) {
    if (view >= state.commit.view) continue
    const manifests = manifestsIn(rowIn(state.messages, 'manifest', view), opening)
    for (const chunk of filledChunks(opening)) {
      const from = opening.owners[chunk.index] as Member
      const missing = saidBy(state, { type: 'missing', view, from })
      const accused = missing !== undefined && same(missing.body.sid, opening.sid) ? missing.body.members : []
      for (const member of accused) {
        missedBy.set(member, (missedBy.get(member) ?? new Set()).add(from))
      }
      // an owner with a false LOADED, or without any report in time, counts like an unreachable one
      const loaded = saidBy(state, { type: 'loaded', view, from })
      const row = rowIn(state.messages, 'loaded', view)
      const wrong = loaded && manifests && loadedIn(row, manifests, chunk) === undefined
      const late = ended(state, { kind: 'data', view }) && ended(state, { kind: 'reports', view })
      if (wrong || (late && !loaded && !missing)) disowned.add(from)
    }
  }
  for (const [member, owners] of missedBy) {
    if (owners.size > context.faulty) out.add(member)
    else if (!state.lost.has(member)) for (const owner of owners) disowned.add(owner)
  }
  return { out, disowned }
}
