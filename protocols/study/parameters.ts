/**
 * The flat layout of a model's parameters, without a tensor engine: every peer needs it, including one that only owns
 * chunks or verifies a sum and never loads a model.
 *
 * @module
 */

import type { DataContract } from './contracts/list.ts'
import { type ModelSpec, presetOf } from './models/list.ts'
import { constant, type ParameterSpec, sizeOf, uniform, unsupportedModel } from './models/tensors.ts'

/** Most parameters of a model: a typing error in a study must not cost every hospital gigabytes. */
const STUDY_DIMENSION_MAX = 1 << 26

/**
 * The tensors of a study's model in their flat order.
 *
 * Uniform limits are He's √(6/fan-in) before a ReLU and Glorot's √(6/(fan-in + fan-out)) for the last layer. A square
 * root is bit-identical on every machine; a Gaussian by logarithms would not be. A linear model starts at 0.
 *
 * @param model  the study's model
 * @param data   the study's data contract; a logit for each class
 * @returns      one spec for each tensor; none of no model
 * @throws ProtocolError `unsupported-model` when the model does not fit the data (a `cnn` on vectors, channels that
 *   do not divide into the groups, an empty layer, more than STUDY_DIMENSION_MAX parameters)
 */
export function parameterSpecs(model: ModelSpec, data: DataContract): ParameterSpec[] {
  const preset = presetOf(model)
  const { specs: hidden, features } = preset.hiddenLayout(model, data)
  if (model.preset === 'none') return []
  const classes = data.classes.length
  if (classes < 2) throw unsupportedModel(`it needs at least two classes, not ${classes}`)
  const specs = [
    ...hidden,
    preset.isLinear
      ? constant('head/kernel', [features, classes], 0)
      : uniform('head/kernel', [features, classes], Math.sqrt(6 / (features + classes))),
    constant('head/bias', [classes], 0),
  ]
  if (!(dimensionOf(specs) <= STUDY_DIMENSION_MAX)) {
    throw unsupportedModel(`it has more than ${STUDY_DIMENSION_MAX} parameters`)
  }
  return specs
}

/** Number of entries of the flat vector. */
export function dimensionOf(specs: readonly ParameterSpec[]): number {
  return specs.reduce((sum, { shape }) => sum + sizeOf(shape), 0)
}
