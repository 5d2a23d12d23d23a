/** Ends the silence after a start, once enough peers have reported our earlier messages. @module */

import { inquire } from '../rollback-guard.ts'
import { schedule, type Turn } from '../transition.ts'

/**
 * Ends the silence with a quorum of answers, or with the answers of all members that are not lost, if there are more
 * than f, so that one is honest. After one repeated recall, all others but f suffice.
 */
export function endSilenceRule(turn: Turn): void {
  const { state, context } = turn
  const { rollbackGuard, lost } = state
  if (rollbackGuard === null) return
  const others = context.roster.hospitals.map((_, member) => member).filter(member => member !== context.self)
  // a connected peer that never answers must not silence us for ever
  const patient = !state.flags.has('asked-again')
  const enough = patient ? Math.min(context.quorum, others.length) : others.length - context.faulty
  const complete =
    rollbackGuard.size > context.faulty && others.every(member => rollbackGuard.has(member) || lost.has(member))
  if (rollbackGuard.size >= enough || complete) {
    turn.state = { ...state, rollbackGuard: null }
    return
  }
  // asks connected peers that have not answered again
  if (state.flags.has('ended:recall')) {
    const flags = new Map(state.flags)
    for (const flag of ['ended:recall', 'timer:recall']) flags.delete(flag)
    flags.set('asked-again', true)
    turn.state = { ...state, flags }
    for (const member of state.connected.keys()) inquire(turn, member)
  }
  schedule(turn, 'recall', context.timing.voteTimeoutMs)
}
