/** The optimizer step and the statistics from an opened sum, bit-identical at every peer. @module */

import { ProtocolError } from '../errors.ts'
import { normalisationFrom } from '../study/normalisation-kinds.ts'
import type { StudyDocument } from '../study/types.ts'
import { type Checkpoint, isFinite32 } from './checkpoint.ts'

/** Arguments of one step besides the sum. */
export interface StepSettings {
  /** Fixed-point scale of the sum. */
  scale: number
  /** Expected number of sampled records, a public number: see `denominatorOf`. */
  denominator: number
  /** the sum is scaled by it first, see influence.ts */
  factor: number
  learningRate: number
  momentum: number
  averageDecay: number
}

/**
 * One step of momentum SGD on the opened sum, and of the moving average. With g = factor · sum / (scale · denominator):
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
  const { factor } = settings
  const decay = Math.min(settings.averageDecay, (1 + round) / (10 + round))
  const rest = 1 - decay
  const parameters = new Float32Array(dimension)
  const momentum = new Float32Array(dimension)
  const average = new Float32Array(dimension)
  for (let i = 0; i < dimension; i++) {
    momentum[i] = settings.momentum * checkpoint.momentum[i]! + (factor * sum[i]!) / divisor
    parameters[i] = checkpoint.parameters[i]! - settings.learningRate * momentum[i]!
    average[i] = decay * checkpoint.average[i]! + rest * parameters[i]!
  }
  if (![parameters, momentum, average].every(isFinite32)) {
    throw new ProtocolError('diverged', `The model diverged in round ${round}: a parameter left the range of float32`)
  }
  return { ...checkpoint, round, parameters, momentum, average }
}

/**
 * The checkpoint with the normalisation of an opened sum of statistics.
 *
 * @param sum   words as opened, within the bound
 * @param terms scale of its fixed point; deviation of the noise in the sum of all hospitals, in integer units
 * @throws ProtocolError `length-mismatch`
 */
export function applyStatistics(
  checkpoint: Checkpoint,
  sum: Int32Array,
  { document, ...terms }: { document: StudyDocument; scale: number; noise: number },
): Checkpoint {
  return { ...checkpoint, normalisation: normalisationFrom(document, sum, terms) }
}
