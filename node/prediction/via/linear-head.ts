/** The head of a linear model as rows of integers: what is multiplied with shares of features. @module */

import { sha256 } from '../../../crypto/hash.ts'
import { encodeWeights, WEIGHT_MAX } from '../../../crypto/ring64.ts'
import { type Checkpoint, deployed } from '../../../protocols/model/checkpoint.ts'
import { presetOf } from '../../../protocols/study/models/list.ts'
import { parameterSpecs } from '../../../protocols/study/parameters.ts'
import type { StudyDocument } from '../../../protocols/study/types.ts'
import { EXIT, OperatorError } from '../../errors.ts'

/** Float32 rounding of squares and sums must not make the bound too small. */
const NORM_MARGIN = 1 + 1e-6

export interface LinearHead {
  /** words of a share: the features, and 1 for the bias */
  readonly words: number
  readonly classes: number
  /** a row for each class, fixed point */
  readonly rows: Int32Array
  /** at least the Euclidean norm of each row */
  readonly weightNorm: number
  /** SHA-256 of the normalisation that records need first */
  readonly normalisation: Uint8Array
}

/** Whether shares of a record can be multiplied by a study's model. */
export function isLinearModel({ model }: Pick<StudyDocument, 'model'>): boolean {
  return presetOf(model).isLinear
}

/** @throws OperatorError `not-linear`, exit code 11 */
export function requireLinearModel({ model, name }: Pick<StudyDocument, 'model' | 'name'>): void {
  if (presetOf(model).isLinear) return
  throw new OperatorError(
    'not-linear',
    `The model of "${name}" is a ${model.preset}, and private prediction works for linear ones alone (logistic, scattering)`,
    {
      hint:
        'Hospitals multiply shares of a record by weights, and shares of a sum pass through no activation: hand the ' +
        'model out instead ("confrere export"), which its epsilon allows.',
      exitCode: EXIT.incompatibleStudy,
    },
  )
}

/** Words of a share in a study: its features, and 1 for the bias. */
export function shareWords({ model, contract }: Pick<StudyDocument, 'model' | 'contract'>): number {
  return parameterSpecs(model, contract).at(-2)!.shape[0]! + 1
}

/**
 * The head that is deployed of a checkpoint.
 *
 * @throws OperatorError `not-linear` (exit code 11), `weights-too-large` (exit code 8)
 */
export function linearHead(document: StudyDocument, checkpoint: Checkpoint): LinearHead {
  requireLinearModel(document)
  const { parameters, normalisation } = deployed(checkpoint)
  const [features, classes] = parameterSpecs(document.model, document.contract).at(-2)!.shape as [number, number]
  const words = features + 1
  // one row a class: parameters are features by classes, and the bias follows them
  const weights = new Float32Array(classes * words)
  for (let row = 0; row < classes; row++) {
    for (let at = 0; at < words; at++) weights[row * words + at] = parameters[at * classes + row]!
  }
  if (!weights.every(weight => Math.abs(weight) < WEIGHT_MAX - 1)) {
    throw new OperatorError(
      'weights-too-large',
      `The model of "${document.name}" has weights of ${WEIGHT_MAX} or more`,
      {
        hint: 'Its training has diverged: predictions of it are worth nothing, private or not.',
        exitCode: EXIT.verificationFailed,
      },
    )
  }
  const norms = Array.from({ length: classes }, (_, row) => normOf(weights.subarray(row * words, (row + 1) * words)))
  return {
    ...{ words, classes, rows: encodeWeights(weights), weightNorm: NORM_MARGIN * Math.max(...norms) },
    normalisation: normalisationHash(normalisation),
  }
}

/** SHA-256 of a normalisation, little-endian. */
export function normalisationHash(values: Float32Array): Uint8Array {
  return sha256(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
}

function normOf(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0))
}
