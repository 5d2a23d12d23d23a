/** Layers that merge branches of a graph. @module */

import type { Backend, Layer, Tensor } from '../backend.ts'
import { configOf, type MergeRule, refused } from './rule.ts'

export function addRule({ tf }: Backend, layer: Layer): MergeRule {
  const shapes = [layer.input].flat().map(({ shape }) => shape.slice(1).join())
  if (shapes.some(shape => shape !== shapes[0])) throw refused(layer, 'adds tensors of different shapes')
  return {
    forward: inputs => ({ output: tf.addN(inputs), backward: gradient => inputs.map(() => gradient) }),
  }
}

export function concatenateRule({ tf }: Backend, layer: Layer): MergeRule {
  const axis = configOf(layer)['axis'] as number
  const rank = layer.outputShape.length
  const along = axis < 0 ? axis + rank : axis
  if (along === 0) throw refused(layer, 'mixes the examples of a batch')
  return {
    forward: (inputs: Tensor[]) => ({
      output: tf.concat(inputs, along),
      backward: gradient =>
        tf.split(
          gradient,
          inputs.map(({ shape }) => shape[along]!),
          along,
        ),
    }),
  }
}
