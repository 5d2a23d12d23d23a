/** Applies a round's opened sum to the checkpoint before it. @module */

import { noiseInSum } from '../study/noise/noised-sums.ts'
import { type StudyPlan, sumIn } from '../study/plan.ts'
import { roundKind } from '../study/rounds.ts'
import { tableAfter } from '../study/table.ts'
import type { StudyDocument } from '../study/types.ts'
import type { Checkpoint } from './checkpoint.ts'
import { evaluated } from './evaluation-state.ts'
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
  const kind = roundKind(document, round)
  if (kind === 'training') {
    return applySum(checkpoint, sum, { scale, denominator: plan.denominator, ...optimizerOf(document, checkpoint) })
  }
  if (kind === 'table') {
    return { ...checkpoint, round: checkpoint.round + 1, table: tableAfter(checkpoint.table, sum, scale) }
  }
  // as if all hospitals contributed: peers that compute this later may see different numbers of contributors
  const terms = { document, scale, noise: noiseInSum(document.privacy, planned, document.hospitals.length) }
  return kind === 'statistics'
    ? applyStatistics(checkpoint, sum, terms)
    : evaluated(checkpoint, sum, { ...terms, round })
}
