/** Ends the silence after a start, once enough peers have reported our earlier messages. @module */

import { drop, put } from '../../immutable.ts'
import { ASKED_AGAIN, asked, endOf } from '../once.ts'
import { inquire } from '../rollback-guard.ts'
import { done, ended, schedule, type Turn } from '../transition.ts'

const RECALL = { kind: 'recall' } as const

/**
 * Ends the silence with a quorum of answers, or with the answers of all members that are not lost, if there are more
 * than f, so that one is honest. After one repeated recall, all others but f suffice.
 */
export function endSilenceRule(turn: Turn): void {
  const { state, context } = turn
  const { rollbackGuard, lost } = state
  if (rollbackGuard === null) return
  const others = context.roster.hospitals.map((_, member) => member).filter(member => member !== context.self)
  // one that is there and never answers must not silence us for ever
  const patient = !done(state, ASKED_AGAIN)
  const enough = patient ? Math.min(context.quorum, others.length) : others.length - context.faulty
  const complete =
    rollbackGuard.size > context.faulty && others.every(member => rollbackGuard.has(member) || lost.has(member))
  if (rollbackGuard.size >= enough || complete) {
    turn.state = { ...state, rollbackGuard: null }
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
