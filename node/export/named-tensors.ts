/** A checkpoint's deployed weights, tensor by tensor. @module */

import { type Checkpoint, deployed } from '../../protocols/model/checkpoint.ts'
import { parameterSpecs } from '../../protocols/study/parameters.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import { splitParameters } from '../training/model.ts'

export interface NamedTensor {
  readonly name: string
  readonly shape: readonly number[]
  /** row-major */
  readonly values: Float32Array
}

/** What a normalisation is called beside the parameters. */
const NORMALISATION = 'normalisation'

/** The parameters in their order, by the names of `parameterSpecs`. */
export function parametersOf(document: StudyDocument, checkpoint: Checkpoint): NamedTensor[] {
  const specs = parameterSpecs(document.model, document.contract)
  const views = splitParameters(
    deployed(checkpoint).parameters,
    specs.map(({ shape }) => shape),
  )
  return specs.map(({ name, shape }, index) => ({ name, shape, values: views[index]! }))
}

/** The same, and what inputs are normalised with: two rows, means and factors of columns, or the mean of features. */
export function tensorsOf(document: StudyDocument, checkpoint: Checkpoint): NamedTensor[] {
  const { normalisation } = deployed(checkpoint)
  const parameters = parametersOf(document, checkpoint)
  if (normalisation.length === 0) return parameters
  const { length } = normalisation
  const isMean = document.normalisation?.kind === 'mean'
  const [name, shape] = isMean ? [`${NORMALISATION}/mean`, [length]] : [`${NORMALISATION}/columns`, [2, length / 2]]
  return [...parameters, { name, shape, values: normalisation } as NamedTensor]
}
