/** One step in progress: the state and the effects so far. @module */

import { put } from '../immutable.ts'
import type { StepContext } from './context.ts'
import type { Effect } from './effects.ts'
import { asked, endOf, type OnceKey } from './once.ts'
import type { Phase, RoundState } from './state.ts'
import type { Timer } from './timers.ts'

/** One call of `step` in progress: the state so far, and the effects to carry out. */
export interface Turn {
  state: RoundState
  readonly effects: Effect[]
  /** the context under the roster of the state's round */
  context: StepContext
}

/** Notes that something is done; true the first time. */
export function once(turn: Turn, key: OnceKey): boolean {
  if (done(turn.state, key)) return false
  turn.state = { ...turn.state, done: put(turn.state.done, key, true) }
  return true
}

/** True once something is done. */
export function done(state: RoundState, key: OnceKey): boolean {
  return state.done.has(key)
}

/** Asks for a timer, once per round. */
export function schedule(turn: Turn, timer: Timer, afterMs: number): void {
  if (once(turn, asked(timer))) turn.effects.push({ type: 'schedule', round: turn.state.round, timer, afterMs })
}

/** True once a timer has ended. */
export function ended(state: RoundState, timer: Timer): boolean {
  return done(state, endOf(timer))
}

/** Enters a phase and emits a notice. */
export function setPhase(turn: Turn, phase: Phase): void {
  if (turn.state.phase === phase) return
  turn.state = { ...turn.state, phase }
  const { round, commit } = turn.state
  turn.effects.push({ type: 'emit', notice: { kind: 'phase', round, view: commit.view, phase } })
}
