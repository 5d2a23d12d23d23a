/** What a round's opened sum makes of the checkpoint before it. @module */

import type { StudyDocument } from '../study/document.ts'
import { roundKind, type StudyPlan, sumIn } from '../study/plan.ts'
import { applyStatistics, applySum, type Checkpoint } from './checkpoint.ts'

/**
 * The checkpoint after a round: a step of training, or the normalisation.
 *
 * @param sum words as opened
 * @throws ProtocolError `length-mismatch`, `diverged`
 */
export function nextCheckpoint(
  checkpoint: Checkpoint,
  sum: Int32Array,
  { document, plan, round }: { document: StudyDocument; plan: StudyPlan; round: number },
): Checkpoint {
  const { fixedPoint, noiseMultiplier } = sumIn(plan, round)
  const { scale, sensitivity } = fixedPoint
  if (roundKind(round) === 'statistics') {
    return applyStatistics(checkpoint, sum, { scale, noise: noiseMultiplier * sensitivity })
  }
  return applySum(checkpoint, sum, { scale, denominator: plan.denominator, ...document.optimizer })
}
