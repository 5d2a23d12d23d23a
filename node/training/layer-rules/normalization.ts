import type { Backend, Layer, Tensor, Tensor1D, Tensor2D, Tensor3D, Tf } from '../backend.ts'
import type { GroupNormalizationLayer } from '../group-normalization.ts'
import { positionSums, rowSquares } from '../kernels.ts'
import {
  configOf,
  type LayerRule,
  type Recorded,
  refused,
  type Scale,
  shapesOf,
  summedViews,
  weightedSum,
} from './rule.ts'

/**
 * With c the centred input, r one over its deviation and M the mean over a group and all positions, y = c·(r·γ) + β and
 * dx = r·(γ·dy − M(γ·Σdy) − c·r·M(γ·Σdy·c·r)), where the two sums over positions are the gradients of beta and gamma.
 */
export function groupNormalizationRule(backend: Backend, layer: Layer, views: number): LayerRule {
  const { tf } = backend
  const { groups, epsilon } = layer as GroupNormalizationLayer
  const shapes = shapesOf(layer)
  const forward = (input: Tensor, parameters: Tensor[]): Recorded => {
    const [gamma, beta] = parameters as [Tensor1D, Tensor1D]
    const channels = gamma.shape[0]
    const batch = input.shape[0]!
    const x = tf.reshape(input, [batch, -1, channels]) as Tensor3D
    const mean = groupMean(tf, { groups, channels, positions: x.shape[1] })
    const perChannel = (values: Tensor): Tensor3D => tf.reshape(values, [batch, 1, channels])
    const centred = tf.sub(x, perChannel(mean(positionSums(backend, x)))) as Tensor3D
    const variance = mean(positionSums(backend, tf.square(centred) as Tensor3D))
    const inverse = tf.rsqrt(tf.add(variance, epsilon)) as Tensor2D
    const factor = perChannel(tf.mul(inverse, gamma))
    const backward: Recorded['backward'] = (gradient, wantInput) => {
      const g = tf.reshape(gradient, x.shape) as Tensor3D
      const ownGamma = tf.mul(positionSums(backend, tf.mul(g, centred) as Tensor3D), inverse) as Tensor2D
      const ownBeta = positionSums(backend, g)
      const own = [ownGamma, ownBeta].map(values => summedViews(backend, values, views))
      const squares = own.map(values => rowSquares(tf, values))
      const sums = (scale: Scale): Tensor[] => own.map(values => weightedSum(backend, values, scale))
      if (!wantInput) return { input: null, gradients: { squares, sums } }
      const constant = perChannel(tf.mul(inverse, mean(tf.mul(ownBeta, gamma))))
      const slope = perChannel(tf.mul(tf.square(inverse), mean(tf.mul(ownGamma, gamma))))
      const result = tf.sub(tf.sub(tf.mul(g, factor), tf.mul(centred, slope)), constant)
      return { input: tf.reshape(result, input.shape), gradients: { squares, sums } }
    }
    return { output: tf.reshape(tf.add(tf.mul(centred, factor), beta), input.shape), backward }
  }
  return { shapes, forward }
}

/** From sums over positions [B, C] to the mean over the channel's group [B, C]: one small matrix product. */
function groupMean(
  tf: Tf,
  { groups, channels, positions }: { groups: number; channels: number; positions: number },
): (sums: Tensor) => Tensor2D {
  const width = channels / groups
  const share = 1 / (width * positions)
  const entry = (_: unknown, index: number): number => {
    const [row, column] = [Math.floor(index / channels), index % channels]
    return Math.floor(row / width) === Math.floor(column / width) ? share : 0
  }
  const matrix = tf.tensor2d(Float32Array.from({ length: channels * channels }, entry), [channels, channels])
  return sums => tf.matMul(sums as Tensor2D, matrix)
}

/**
 * Normalisation over the channels of each position. With u the normalised input and M the mean over channels,
 * dx = r·(γ·dy − M(γ·dy) − u·M(γ·dy·u)); the gradients of gamma and beta are Σdy·u and Σdy over positions.
 */
export function layerNormalizationRule(backend: Backend, layer: Layer, views: number): LayerRule {
  const { tf } = backend
  const { axis, epsilon, center, scale } = configOf(layer) as unknown as LayerNormalizationConfig
  const axes = [axis].flat()
  if (axes.length !== 1 || (axes[0] !== -1 && axes[0] !== layer.outputShape.length - 1)) {
    throw refused(layer, 'normalises over another axis than the last one')
  }
  if (!center || !scale) throw refused(layer, 'has no gamma or no beta')
  const forward = (input: Tensor, [gamma, beta]: Tensor[]): Recorded => {
    const x = tf.reshape(input, [-1, input.shape.at(-1)!]) as Tensor2D
    const mean = (values: Tensor): Tensor => tf.mean(values, 1, true)
    const centred = tf.sub(x, mean(x))
    const inverse = tf.rsqrt(tf.add(mean(tf.square(centred)), epsilon))
    const normal = tf.mul(centred, inverse)
    const backward: Recorded['backward'] = (gradient, wantInput) => {
      const g = tf.reshape(gradient, x.shape)
      const examples: [number, number, number] = [input.shape[0]! / views, -1, x.shape[1]]
      const own = [tf.mul(g, normal), g].map(values => positionSums(backend, tf.reshape(values, examples) as Tensor3D))
      const squares = own.map(values => rowSquares(tf, values))
      const sums = (scale: Scale): Tensor[] => own.map(values => weightedSum(backend, values, scale))
      if (!wantInput) return { input: null, gradients: { squares, sums } }
      const inner = tf.mul(g, gamma!)
      const along = tf.mul(normal, mean(tf.mul(inner, normal)))
      const result = tf.mul(tf.sub(tf.sub(inner, mean(inner)), along), inverse)
      return { input: tf.reshape(result, input.shape), gradients: { squares, sums } }
    }
    return { output: tf.reshape(tf.add(tf.mul(normal, gamma!), beta!), input.shape), backward }
  }
  return { shapes: shapesOf(layer), forward }
}

interface LayerNormalizationConfig {
  axis: number | number[]
  epsilon: number
  center: boolean
  scale: boolean
}
