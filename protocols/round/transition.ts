/** One step in progress: the state and the effects so far. @module */

import { put } from '../immutable.ts'
import type { StepContext } from './context.ts'
import type { Effect } from './effects.ts'
import type { Phase, RoundState } from './state.ts'

/** One call of `step` in progress: the state so far, and the effects to carry out. */
export interface Turn {
  state: RoundState
  readonly effects: Effect[]
  /** the context under the roster of the state's round */
  context: StepContext
}

/** Sets a flag; returns whether it was not set before. */
export function once(turn: Turn, flag: string): boolean {
  if (turn.state.flags.has(flag)) return false
  turn.state = { ...turn.state, flags: put(turn.state.flags, flag, true) }
  return true
}

/** Starts a timer, once for each name and round. */
export function schedule(turn: Turn, timer: string, afterMs: number): void {
  if (once(turn, `timer:${timer}`)) turn.effects.push({ type: 'schedule', round: turn.state.round, timer, afterMs })
}

/** Whether the named timer has ended. */
export function ended(state: RoundState, timer: string): boolean {
  return state.flags.has(`ended:${timer}`)
}

/** Enters a phase and emits a notice. */
export function setPhase(turn: Turn, phase: Phase): void {
  if (turn.state.phase === phase) return
  turn.state = { ...turn.state, phase }
  const { round, commit } = turn.state
  turn.effects.push({ type: 'emit', notice: { kind: 'phase', round, view: commit.view, phase } })
}
