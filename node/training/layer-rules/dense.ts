import type { Backend, Layer, Tensor, Tensor1D, Tensor2D } from '../backend.ts'
import { perExampleProducts, rowSquares } from '../kernels.ts'
import {
  configOf,
  finite,
  type Gradients,
  grouped,
  type LayerRule,
  type Recorded,
  refused,
  requireLinear,
  type Scale,
  shapesOf,
  summedViews,
  weightedSum,
} from './rule.ts'

/** Keeps ‖a‖²‖g‖² an upper bound where ‖a‖² is too small for a float32. */
const SQUARES_MIN = 1e-30

export function denseRule(backend: Backend, layer: Layer, views: number): LayerRule {
  const { tf } = backend
  const { useBias, activation } = configOf(layer)
  requireLinear(layer, activation)
  const shapes = shapesOf(layer)
  if ([layer.input].flat()[0]!.shape.length !== 2) throw refused(layer, 'has an input that is not flat')
  const forward = (input: Tensor, [kernel, bias]: Tensor[]): Recorded => {
    const a = input as Tensor2D
    const product = tf.matMul(a, kernel as Tensor2D)
    const backward: Recorded['backward'] = (gradient, wantInput) => {
      const g = gradient as Tensor2D
      const input = wantInput ? tf.matMul(g, tf.transpose(kernel as Tensor2D)) : null
      if (views > 1) return { input, gradients: denseGradients(backend, { a, g, views, useBias }) }
      const inputSquares = tf.maximum(rowSquares(tf, a), SQUARES_MIN)
      const factor = useBias ? tf.add(inputSquares, 1) : inputSquares
      const squares = [tf.mul(factor, rowSquares(tf, g)) as Tensor1D]
      const sums = (scale: Scale): Tensor[] => {
        const weighted = tf.mul(finite(tf, g, scale), tf.reshape(scale.weights, [-1, 1])) as Tensor2D
        // (gᵀa)ᵀ and not aᵀg: there are fewer outputs to transpose than inputs
        const product = tf.matMul(tf.transpose(weighted), finite(tf, a, scale))
        return useBias ? [tf.transpose(product), tf.sum(weighted, 0)] : [tf.transpose(product)]
      }
      return { input, gradients: { squares, sums } }
    }
    return { output: useBias ? tf.add(product, bias!) : product, backward }
  }
  return { shapes, forward }
}

/**
 * Dense gradients of examples with several views. They are instantiated, so that the sum adds the very gradients whose
 * norms were taken. A product over all rows would round differently, and where the views of a hostile record cancel,
 * only rounding is left.
 */
function denseGradients(
  backend: Backend,
  { a, g, views, useBias }: { a: Tensor2D; g: Tensor2D; views: number; useBias: boolean },
): Gradients {
  const { tf } = backend
  const own = perExampleProducts(backend, grouped(tf, a, views), grouped(tf, g, views))
  const ownBias = useBias ? summedViews(backend, g, views) : null
  const shape = [a.shape[1], g.shape[1]]
  return {
    squares: [own, ...(ownBias === null ? [] : [ownBias])].map(values => rowSquares(tf, values)),
    sums: scale => [
      tf.reshape(weightedSum(backend, own, scale), shape),
      ...(ownBias === null ? [] : [weightedSum(backend, ownBias, scale)]),
    ],
  }
}
