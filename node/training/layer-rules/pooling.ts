/** Means over positions. @module */

import type { Backend, Layer, Tensor3D, Tensor4D } from '../backend.ts'
import { POOL_CHANNELS_MAX, poolingInputGradient, positionSums } from '../kernels.ts'
import { outputShape, planar, planarWindow } from './convolution.ts'
import { configOf, type LayerRule, refused } from './rule.ts'

export function averagePoolingRule({ tf }: Backend, layer: Layer): LayerRule {
  const config = configOf(layer) as unknown as {
    poolSize: number[]
    strides: number[]
    padding: string
    dataFormat?: string
  }
  if ((config.dataFormat ?? 'channelsLast') !== 'channelsLast') {
    throw refused(layer, `has the data format ${config.dataFormat}`)
  }
  const window = planarWindow(layer, { ...config, size: config.poolSize })
  const channels = layer.outputShape.at(-1) as number
  if (channels > POOL_CHANNELS_MAX) throw refused(layer, `has ${channels} channels, more than ${POOL_CHANNELS_MAX}`)
  return {
    shapes: [],
    forward: input => {
      const images = planar(tf, input)
      const output = tf.avgPool(images, window.size, window.strides, window.padding)
      const backward: ReturnType<LayerRule['forward']>['backward'] = (gradient, wantInput) => {
        if (!wantInput) return { input: null, gradients: null }
        const outer = tf.reshape(gradient, output.shape) as Tensor4D
        const inner = poolingInputGradient(tf, outer, { inputShape: images.shape, window })
        return { input: tf.reshape(inner, input.shape), gradients: null }
      }
      return { output: tf.reshape(output, outputShape(input, output)), backward }
    },
  }
}

export function globalAveragePoolingRule(backend: Backend, layer: Layer): LayerRule {
  const { tf } = backend
  const format = configOf(layer)['dataFormat'] ?? 'channelsLast'
  if (format !== 'channelsLast') throw refused(layer, `has the data format ${format}`)
  return {
    shapes: [],
    forward: input => {
      const [batch, channels] = [input.shape[0]!, input.shape.at(-1)!]
      const x = tf.reshape(input, [batch, -1, channels]) as Tensor3D
      const positions = x.shape[1]
      return {
        output: tf.div(positionSums(backend, x), positions),
        backward: gradient => {
          const share = tf.reshape(tf.div(gradient, positions), [batch, 1, channels])
          return { input: tf.reshape(tf.tile(share, [1, positions, 1]), input.shape), gradients: null }
        },
      }
    },
  }
}
