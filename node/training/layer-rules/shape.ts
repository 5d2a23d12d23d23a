/** Layers without parameters that keep every number apart. @module */

import type { Backend, Layer, Tensor } from '../backend.ts'
import { type LayerRule, refused } from './rule.ts'

export function reshapeRule({ tf }: Backend, layer: Layer): LayerRule {
  const outputShape = layer.outputShape.slice(1) as number[]
  return {
    shapes: [],
    forward: input => ({
      output: tf.reshape(input, [input.shape[0]!, ...outputShape]),
      backward: gradient => ({ input: tf.reshape(gradient, input.shape), gradients: null }),
    }),
  }
}

export function activationRule({ tf }: Backend, layer: Layer): LayerRule {
  const config = layer.getConfig()
  const plain = layer.getClassName() === 'ReLU' ? (config['maxValue'] ?? null) === null && 'relu' : config['activation']
  if (plain !== 'relu' && plain !== 'tanh') throw refused(layer, 'is neither a plain relu nor a tanh')
  const apply = (input: Tensor): Tensor => (plain === 'relu' ? tf.relu(input) : tf.tanh(input))
  const slope = (output: Tensor): Tensor => (plain === 'relu' ? tf.step(output) : tf.sub(1, tf.square(output)))
  return {
    shapes: [],
    forward: input => {
      const output = apply(input)
      return { output, backward: gradient => ({ input: tf.mul(gradient, slope(output)), gradients: null }) }
    },
  }
}
