/**
 * A hospital's update of one round, before its contributors are known: the clipped sums of one step or of several local
 * steps, as integers.
 *
 * @module
 */

import { clamp, NOISE_HEADROOM_SIGMA, quantise, WORD_ABS_MAX } from '../../crypto/fixed-point.ts'
import { addDiscreteGaussian } from '../../crypto/noise/discrete-gaussian.ts'
import type { Rng } from '../../crypto/rng.ts'
import { type Checkpoint, deployed } from '../../protocols/model/checkpoint.ts'
import { beginningOf, optimizerOf } from '../../protocols/model/search-state.ts'
import type { SumPlan } from '../../protocols/study/noise/mode.ts'
import { noiseOfStep } from '../../protocols/study/noise/noised-sums.ts'
import { type StudyPlan, sumIn } from '../../protocols/study/plan.ts'
import { roundKind } from '../../protocols/study/rounds.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import type { Trainer } from '../training/trainer.ts'

export interface UpdateInput {
  readonly document: StudyDocument
  readonly plan: StudyPlan
  readonly trainer: Trainer
  /** of the round before */
  readonly checkpoint: Checkpoint
  readonly round: number
}

/**
 * Trains one round's update; in the round of statistics sums these, in one of evaluation counts the scores, in
 * one of a table the records' columns.
 *
 * With local noise each step's sum is noised before the next step uses it, so the update is private by itself, for any
 * number of steps. With distributed noise there is one step, and the noise is added with the masks.
 *
 * @param rng of the noise; cryptographically secure
 */
export function trainUpdate({ document, plan, trainer, round, ...before }: UpdateInput, rng: Rng): Int32Array {
  const checkpoint = beginningOf(document, before.checkpoint, round)
  const sum = sumIn(plan, round)
  const noised = (values: Float64Array): Int32Array => noisedStep(values, { document, sum }, rng)
  const kind = roundKind(document, round)
  if (kind === 'statistics') return noised(trainer.statisticsSum())
  if (kind === 'evaluation') return noised(trainer.evaluationSum(deployed(checkpoint)))
  if (kind === 'table') return noised(trainer.tableSum())
  const { normalisation } = checkpoint
  const { learningRate } = optimizerOf(document, checkpoint)
  if (sum.steps === 1) return noised(trainer.clippedSum(checkpoint))
  const total = new Float64Array(sum.dimension)
  const parameters = checkpoint.parameters.slice()
  // an equal share of the public batch: a hospital's own number of records is private
  const divisor = (sum.fixedPoint.scale * plan.denominator) / document.hospitals.length
  for (let step = 0; step < sum.steps; step++) {
    const words = noised(trainer.clippedSum({ parameters, normalisation }))
    for (let at = 0; at < total.length; at++) {
      total[at]! += words[at]!
      parameters[at]! -= (learningRate * words[at]!) / divisor
    }
  }
  return Int32Array.from(total, value => Math.max(-WORD_ABS_MAX, Math.min(WORD_ABS_MAX, value)))
}

/** One step's sum as integers: clamped, then noised where the noise is local. */
function noisedStep(
  values: Float64Array,
  { document, sum }: { document: StudyDocument; sum: SumPlan },
  rng: Rng,
): Int32Array {
  const words = quantise(values, sum.fixedPoint.scale)
  const sigma = noiseOfStep(document.privacy, sum)
  if (sigma === 0) return words
  clamp(words, WORD_ABS_MAX - NOISE_HEADROOM_SIGMA * sigma)
  addDiscreteGaussian(words, sigma, rng)
  return words
}
