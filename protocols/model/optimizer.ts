/** The optimizer step and the statistics from an opened sum, bit-identical at every peer. @module */

import { ProtocolError } from '../errors.ts'
import { normalisationOf, type StatisticsTerms } from '../study/normalisation.ts'
import { type Checkpoint, isFinite32 } from './checkpoint.ts'

/** Arguments of one step besides the sum. */
export interface StepSettings {
  /** Fixed-point scale of the sum. */
  scale: number
  /** Expected number of sampled records, a public number: see `denominatorOf`. */
  denominator: number
  learningRate: number
  momentum: number
  averageDecay: number
}

/**
 * One step of momentum SGD on the opened sum, and of the moving average. With g = sum / (scale · denominator):
 *
 *     v ← μ·v + g     p ← p − lr·v     a ← δ·a + (1 − δ)·p     δ = min(averageDecay, (1 + t)/(10 + t)), t = new round
 *
 * where v and p are rounded to float32 before they are used. This is post-processing of the noised sum and costs no
 * privacy.
 *
 * @param checkpoint  not changed
 * @param sum         d integers, the exact sum over the contributors
 * @returns           new arrays, round + 1
 * @throws ProtocolError `length-mismatch` when the sum has another dimension; `diverged` when an entry overflows
 */
export function applySum(checkpoint: Checkpoint, sum: Int32Array, settings: StepSettings): Checkpoint {
  const dimension = checkpoint.parameters.length
  if (sum.length !== dimension) {
    throw new ProtocolError('length-mismatch', `The sum has ${sum.length} words and the model ${dimension} parameters`)
  }
  const round = checkpoint.round + 1
  const divisor = settings.scale * settings.denominator
  const decay = Math.min(settings.averageDecay, (1 + round) / (10 + round))
  const rest = 1 - decay
  const parameters = new Float32Array(dimension)
  const momentum = new Float32Array(dimension)
  const average = new Float32Array(dimension)
  for (let i = 0; i < dimension; i++) {
    momentum[i] = settings.momentum * checkpoint.momentum[i]! + sum[i]! / divisor
    parameters[i] = checkpoint.parameters[i]! - settings.learningRate * momentum[i]!
    average[i] = decay * checkpoint.average[i]! + rest * parameters[i]!
  }
  if (![parameters, momentum, average].every(isFinite32)) {
    throw new ProtocolError('diverged', `The model diverged in round ${round}: a parameter left the range of float32`)
  }
  return { round, normalisation: checkpoint.normalisation, parameters, momentum, average }
}

/**
 * The checkpoint with the normalisation of an opened sum of statistics.
 *
 * @param sum 2C + 1 words
 * @throws ProtocolError `length-mismatch`
 */
export function applyStatistics(
  checkpoint: Checkpoint,
  sum: Int32Array,
  terms: Omit<StatisticsTerms, 'columns'>,
): Checkpoint {
  const columns = checkpoint.normalisation.length / 2
  return { ...checkpoint, normalisation: normalisationOf(sum, { ...terms, columns }) }
}
