/** Ends the silence after a start, once enough peers have reported our earlier messages. @module */

import { drop, put } from '../../immutable.ts'
import { firstRound } from '../../study/rounds.ts'
import { ASKED_AGAIN, asked, endOf } from '../once.ts'
import { inquire } from '../rollback-guard.ts'
import { done, ended, schedule, type Turn } from '../transition.ts'

const RECALL = { kind: 'recall' } as const

/**
 * Ends the silence with a quorum of answers, or with the answers of all members that are not lost, if there are more
 * than f, so that one is honest. After one repeated recall, all others but f suffice.
 *
 * Where our disk certainly lacks messages, only a quorum of others ends it, and what they do not hold was perhaps said
 * all the same: see `remainSilent`.
 */
export function endSilenceRule(turn: Turn): void {
  const { state, context } = turn
  const { rollbackGuard, lost, forgetful } = state
  if (rollbackGuard === null) return
  const others = context.roster.hospitals.map((_, member) => member).filter(member => member !== context.self)
  // one that is there and never answers must not silence us for ever
  const patient = forgetful || !done(state, ASKED_AGAIN)
  const enough = patient ? Math.min(context.quorum, others.length) : others.length - context.faulty
  const complete =
    !forgetful &&
    rollbackGuard.size > context.faulty &&
    others.every(member => rollbackGuard.has(member) || lost.has(member))
  if (rollbackGuard.size >= enough || complete) {
    turn.state = { ...state, rollbackGuard: null, forgetful: false }
    if (forgetful) remainSilent(turn)
    return
  }
  // whoever is connected and does not answer is asked again
  if (ended(state, RECALL)) {
    const rest = drop(drop(state.done, endOf(RECALL)), asked(RECALL))
    turn.state = { ...state, done: put(rest, ASKED_AGAIN, true) }
    for (const member of state.connected.keys()) inquire(turn, member)
  }
  schedule(turn, RECALL, context.timing.voteTimeoutMs)
}

/**
 * Silent until the round after the next one, whatever the others hold of ours. A quorum is in our round or before it.
 * A round later than the next would have needed the votes of a quorum in the next, and any two quorums share an honest
 * member: so our lost messages are of the next round at the latest. The others end both rounds without us, as VOID if
 * they are too few: our SIT-OUT tells them so at once.
 *
 * A study of which a quorum is in the first round, and holds nothing of ours, counts as one that we have not begun:
 * otherwise hospitals that were restored long before would be too many for its first vote.
 */
function remainSilent(turn: Turn): void {
  const { state, context } = turn
  const { round, muted } = state
  if (round === firstRound(context.document) && muted < round) return
  turn.state = { ...state, muted: Math.max(muted, round + 1) }
  const reason = `this disk was restored and may lack messages of ours. Silent until round ${round + 1} ends`
  turn.effects.push({ type: 'emit', notice: { kind: 'refused', round, code: 'restored', reason } })
}
