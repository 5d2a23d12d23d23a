/** Applies a round's opened sum to the checkpoint before it. @module */

import { noiseInSum } from '../study/noise/noised-sums.ts'
import { type StudyPlan, sumIn } from '../study/plan.ts'
import { roundKind } from '../study/rounds.ts'
import { tableAfter } from '../study/table.ts'
import type { StudyDocument } from '../study/types.ts'
import type { Checkpoint } from './checkpoint.ts'
import { evaluated } from './evaluation-state.ts'
import { bounded, statisticsFactor } from './influence.ts'
import { applyStatistics, applySum } from './optimizer.ts'
import { beginningOf, optimizerOf } from './search-state.ts'

/**
 * The checkpoint after a round: a step of training, the normalisation, what an evaluation led to, or a table.
 *
 * @param sum words as opened
 * @throws ProtocolError `length-mismatch`, `diverged`
 */
export function nextCheckpoint(
  checkpoint: Checkpoint,
  sum: Int32Array,
  terms: { document: StudyDocument; plan: StudyPlan; round: number },
): Checkpoint {
  const { document, round } = terms
  const after = stepped(beginningOf(document, checkpoint, round), sum, terms)
  // a void round makes no checkpoint, so the next one may have to do it too
  return beginningOf(document, after, round + 1)
}

function stepped(
  checkpoint: Checkpoint,
  sum: Int32Array,
  { document, plan, round }: { document: StudyDocument; plan: StudyPlan; round: number },
): Checkpoint {
  const planned = sumIn(plan, round)
  const { scale } = planned.fixedPoint
  const summed = { document, sum: planned }
  const kind = roundKind(document, round)
  if (kind === 'training') {
    const { factor, influence } = bounded(sum, checkpoint.influence, summed)
    const settings = { scale, factor, denominator: plan.denominator, ...optimizerOf(document, checkpoint) }
    return { ...applySum(checkpoint, sum, settings), influence }
  }
  if (kind === 'table') {
    return { ...checkpoint, round: checkpoint.round + 1, table: tableAfter(checkpoint.table, sum, scale) }
  }
  // as if all hospitals contributed: peers that compute this later may see different numbers of contributors
  const terms = { document, scale, noise: noiseInSum(document.privacy, planned, document.hospitals.length) }
  return kind === 'statistics'
    ? applyStatistics(checkpoint, scaledBy(sum, statisticsFactor(sum, summed)), terms)
    : evaluated(checkpoint, sum, { ...terms, round })
}

/** Words scaled down, rounded to the nearest. */
function scaledBy(words: Int32Array, factor: number): Int32Array {
  return factor === 1 ? words : words.map(word => Math.round(factor * word))
}
