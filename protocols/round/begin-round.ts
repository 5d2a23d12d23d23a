/** Begins a round, and restores our own messages from before a restart. @module */

import { restoreVotes, type VotePhase } from '../agreement/agreement.ts'
import { hex } from '../immutable.ts'
import type { Instance } from '../messages/limits.ts'
import { type Member, OUTSIDE } from '../roster/roster.ts'
import { paysFor } from '../study/rounds.ts'
import { inquire } from './rollback-guard.ts'
import { restoreOwn } from './say.ts'
import { createRound, NEWCOMER, said } from './state.ts'
import { setPhase, type Turn } from './transition.ts'

/** Enters a round, new or resumed. */
export function enterRound(turn: Turn, own: ReadonlyMap<string, Uint8Array>): void {
  const { context } = turn
  const { round } = turn.state
  if (round > context.rounds) {
    setPhase(turn, 'finished')
    turn.effects.push({ type: 'emit', notice: { kind: 'finished', round: round - 1 } })
    return
  }
  if (context.self === OUTSIDE) return setPhase(turn, 'outside')
  turn.effects.push({ type: 'emit', notice: { kind: 'phase', round, view: 0, phase: 'idle' } })
  for (const instance of ['commit', 'result'] as const) restoreInstance(turn, instance, own)
  restoreOwn(turn, own)
  turn.effects.push({ type: 'compute', job: { kind: 'prepare', round } })
  const { charges } = turn.state
  if (paysFor(context.document, round, { charges, chargesMax: context.chargesMax }))
    turn.effects.push({ type: 'train', round })
  // members that never connected, or disconnected as the last round ended, get the same time to reconnect
  for (let member = 0; member < context.roster.hospitals.length; member++) {
    const here = member === context.self || turn.state.connected.has(member) || turn.state.lost.has(member)
    if (!here) expectBack(turn, member)
  }
  for (const member of turn.state.connected.keys()) inquire(turn, member)
}

function restoreInstance(turn: Turn, instance: Instance, own: ReadonlyMap<string, Uint8Array>): void {
  const probe: Turn = { ...turn, state: createRound(turn.state, NEWCOMER), effects: [] }
  restoreOwn(probe, own)
  const votes = [...said(probe.state, 'prevote'), ...said(probe.state, 'precommit')]
    .filter(({ body }) => body.instance === instance)
    .map(({ body }) => ({
      phase: body.type as VotePhase,
      view: body.view,
      id: body.value === null ? null : hex(body.value),
    }))
    .sort((a, b) => a.view - b.view || (a.phase === b.phase ? 0 : a.phase === 'prevote' ? -1 : 1))
  turn.state = { ...turn.state, [instance]: restoreVotes(turn.state[instance], votes) }
}

/** Starts the timer after which a disconnected peer counts as lost. */
export function expectBack(turn: Turn, member: Member): void {
  const { round } = turn.state
  turn.effects.push({
    type: 'schedule',
    round,
    timer: { kind: 'lost', member },
    afterMs: turn.context.timing.lostAfterMs,
  })
}
