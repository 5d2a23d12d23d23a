/**
 * The study's model as a tfjs layers model, built from its presets.
 *
 * @module
 */

import assert from 'node:assert/strict'
import type { DataContract } from '../../protocols/study/contracts/list.ts'
import type { ModelSpec } from '../../protocols/study/models/list.ts'
import type { ParameterSpec } from '../../protocols/study/models/tensors.ts'
import { parameterSpecs } from '../../protocols/study/parameters.ts'
import type { LayersModel, Tf } from './backend.ts'
import { dense } from './models/layers.ts'
import { trainedPresetOf } from './models/list.ts'

/**
 * Builds the model: inputs of the data contract's shape to one logit for each class.
 *
 * @returns a chain of layers whose weights, in order, have exactly the names and shapes of `parameterSpecs`; its
 *   values mean nothing until `setParameters`. The caller disposes of it.
 * @throws ProtocolError `unsupported-model` as `parameterSpecs` does
 */
export function buildModel(tf: Tf, spec: ModelSpec, data: DataContract): LayersModel {
  const expected = parameterSpecs(spec, data)
  const layers = [...trainedPresetOf(spec).hiddenLayers(tf, spec, data), dense(tf, 'head', data.classes.length)]
  const model = tf.sequential({ layers })
  assertLayout(model, expected)
  return model
}

/** Cuts a flat parameter vector into one view for each tensor. */
export function splitParameters(parameters: Float32Array, shapes: number[][]): Float32Array[] {
  let start = 0
  const views = shapes.map(shape => {
    const end = start + shape.reduce((product, length) => product * length, 1)
    const view = parameters.subarray(start, end)
    start = end
    return view
  })
  assert.equal(parameters.length, start, 'parameters have the dimension of the model')
  return views
}

/** Gives the model the values of a flat parameter vector. */
export function setParameters(tf: Tf, model: LayersModel, parameters: Float32Array): void {
  const shapes = model.trainableWeights.map(weight => weight.shape as number[])
  tf.tidy(() => {
    const views = splitParameters(parameters, shapes)
    model.setWeights(views.map((view, index) => tf.tensor(view, shapes[index]!)))
  })
}

function assertLayout(model: LayersModel, expected: ParameterSpec[]): void {
  const actual = model.weights.map(weight => ({ name: weight.originalName, shape: weight.shape }))
  assert.deepEqual(
    actual,
    expected.map(({ name, shape }) => ({ name, shape })),
    'the engine lays the parameters out as the study says',
  )
}
