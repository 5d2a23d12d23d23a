/** Sends READY when our training step is done, with the round's ephemeral key. @module */

import { paysFor } from '../../study/rounds.ts'
import { saidBy } from '../facts.ts'
import { EXHAUSTED } from '../once.ts'
import { say } from '../say.ts'
import { ended, once, schedule, setPhase, type Turn } from '../transition.ts'

/** Sends READY, once per round, when the training step is done and the round's key is on disk. */
export function readyRule(turn: Turn): void {
  const { state, context } = turn
  if (saidBy(state, { type: 'ready', from: context.self })) return
  if (!paysFor(context.document, state.round, { charges: state.charges, chargesMax: context.chargesMax })) {
    if (once(turn, EXHAUSTED)) {
      const reason = `the privacy budget pays for ${context.chargesMax} rounds and all are spent`
      const code = 'privacy-budget-exhausted'
      turn.effects.push({ type: 'emit', notice: { kind: 'refused', round: state.round, code, reason } })
    }
    return
  }
  // counted from the round's beginning: a delay after the training would still tell how long that took
  if (context.timing.trainedDelayMs > 0 && !ended(state, { kind: 'trained-delay' })) {
    schedule(turn, { kind: 'trained-delay' }, context.timing.trainedDelayMs)
    return
  }
  if (state.key === null || !state.trained) return
  say(turn, { type: 'ready', previous: state.previous, key: state.key, owner: true })
  setPhase(turn, 'ready')
}
