/** Pulls the sums of the chunks that others own. @module */

import { OUTSIDE } from '../../roster/roster.ts'
import { filledChunks } from '../../session/chunks.ts'
import { chunkSum } from '../chunk-sums.ts'
import { pullOfSum } from '../once.ts'
import { once, type Turn } from '../transition.ts'

/** Pulls every reported sum that we do not hold: from its maker first, then from the other members. */
export function pullRule(turn: Turn): void {
  const { state, context } = turn
  if (state.commitment === null) return
  const everybody = context.roster.hospitals.map((_, member) => member)
  for (const { index } of filledChunks(state.commitment.opening)) {
    const sum = chunkSum(state, index)
    if (sum === undefined || state.sums.has(sum.hash) || !once(turn, pullOfSum(sum.hash))) continue
    const from = [sum.from, ...everybody.filter(member => member !== sum.from)].filter(
      m => m !== context.self && m !== OUTSIDE,
    )
    turn.effects.push({ type: 'pull', round: state.round, wanted: { kind: 'sum', hash: sum.hash }, from })
  }
}
