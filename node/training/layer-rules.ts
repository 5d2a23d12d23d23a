/**
 * What each kind of layer does in a step of book-keeping: forward while it records, backward, the squared norm of every
 * example's own gradient, and the weighted sum of those gradients.
 *
 * A layer without a rule is refused by name: whatever mixes the examples of a batch (BatchNormalization), shares
 * weights or is unknown cannot be clipped per example.
 *
 * @module
 */
import { EXIT, OperatorError } from '../../crypto/errors.ts'
import type { Backend, Layer, Tensor, Tensor1D, Tensor2D, Tensor3D, Tensor4D, Tf } from './backend.ts'
import {
  convolutionInputGradient,
  kernelOrder,
  patches,
  perExampleProducts,
  positionSums,
  rowSquares,
  type Window,
  weightedRows,
} from './kernels.ts'
import type { GroupNormalizationLayer } from './model.ts'

/** Weights of the examples in the sum; where one is non-finite, also which ones are not. */
export interface Scale {
  /** [B] */
  weights: Tensor1D
  /** [B] booleans, or null when every example is finite */
  finite: Tensor1D | null
}

/** What the gradients of one layer's parameters are, example by example. */
export interface Gradients {
  /** squared norms, one [B] for each parameter or group of them */
  squares: Tensor1D[]
  /** the weighted sums over the batch, in the order and shapes of the parameters */
  sums(scale: Scale): Tensor[]
}

export interface Recorded {
  output: Tensor
  /** From the gradient with respect to the output; `input` only where asked for. */
  backward(gradient: Tensor, wantInput: boolean): { input: Tensor | null; gradients: Gradients | null }
}

export interface LayerRule {
  /** shapes of the layer's parameters, in order */
  shapes: number[][]
  forward(input: Tensor, parameters: Tensor[]): Recorded
}

/** Keeps ‖a‖²‖g‖² an upper bound where ‖a‖² is too small for a float32. */
const SQUARES_MIN = 1e-30

type RuleMaker = (backend: Backend, layer: Layer) => LayerRule

const RULES: Record<string, RuleMaker> = {
  Dense: denseRule,
  Conv2D: convolutionRule,
  GroupNormalization: groupNormalizationRule,
  Flatten: reshapeRule,
  Reshape: reshapeRule,
  Activation: activationRule,
  ReLU: activationRule,
}

/**
 * The rule of a layer.
 *
 * @throws OperatorError `unsupported-layer`, exit code 11, that names the layer and what is wrong with it
 */
export function ruleOf(backend: Backend, layer: Layer): LayerRule {
  const kind = layer.getClassName()
  const rule = Object.hasOwn(RULES, kind) ? RULES[kind] : undefined
  if (rule === undefined) throw refused(layer, 'has no per-example gradient here')
  if (layer.inboundNodes.length !== 1) throw refused(layer, 'is used more than once, so its weights are shared')
  if (layer.trainableWeights.length !== layer.weights.length) throw refused(layer, 'has weights that are not trained')
  return rule(backend, layer)
}

/** The error for a layer that cannot be trained with privacy. */
export function refused(layer: Layer, reason: string): OperatorError {
  return new OperatorError('unsupported-layer', `The layer "${layer.name}" (${layer.getClassName()}) ${reason}`, {
    hint: `Use a chain of ${Object.keys(RULES).join(', ')}; GroupNormalization stands in for BatchNormalization.`,
    exitCode: EXIT.incompatibleStudy,
  })
}

function denseRule({ tf }: Backend, layer: Layer): LayerRule {
  const { useBias, activation } = configOf(layer)
  requireLinear(layer, activation)
  const shapes = shapesOf(layer)
  if ([layer.input].flat()[0]!.shape.length !== 2) throw refused(layer, 'has an input that is not flat')
  const forward = (input: Tensor, [kernel, bias]: Tensor[]): Recorded => {
    const a = input as Tensor2D
    const product = tf.matMul(a, kernel as Tensor2D)
    const backward: Recorded['backward'] = (gradient, wantInput) => {
      const g = gradient as Tensor2D
      const inputSquares = tf.maximum(rowSquares(tf, a), SQUARES_MIN)
      const factor = useBias ? tf.add(inputSquares, 1) : inputSquares
      const squares = [tf.mul(factor, rowSquares(tf, g)) as Tensor1D]
      const sums = (scale: Scale): Tensor[] => {
        const weighted = tf.mul(finite(tf, g, scale), tf.reshape(scale.weights, [-1, 1])) as Tensor2D
        // (gᵀa)ᵀ and not aᵀg: there are fewer outputs to transpose than inputs
        const product = tf.matMul(tf.transpose(weighted), finite(tf, a, scale))
        return useBias ? [tf.transpose(product), tf.sum(weighted, 0)] : [tf.transpose(product)]
      }
      const input = wantInput ? tf.matMul(g, tf.transpose(kernel as Tensor2D)) : null
      return { input, gradients: { squares, sums } }
    }
    return { output: useBias ? tf.add(product, bias!) : product, backward }
  }
  return { shapes, forward }
}

function convolutionRule(backend: Backend, layer: Layer): LayerRule {
  const { tf } = backend
  const config = configOf(layer)
  const window = windowOf(layer, config)
  requireLinear(layer, config.activation)
  const shapes = shapesOf(layer)
  const kernelShape = shapes[0] as [number, number, number, number]
  const forward = (input: Tensor, [kernel, bias]: Tensor[]): Recorded => {
    const images = input as Tensor4D
    const product = tf.conv2d(images, kernel as Tensor4D, window.strides, window.padding)
    const backward: Recorded['backward'] = (gradient, wantInput) => {
      const [batch, , , filters] = gradient.shape as [number, number, number, number]
      const g = tf.reshape(gradient, [batch, -1, filters]) as Tensor3D
      const own = perExampleProducts(backend, patches(tf, images, window), g)
      const ownBias = config.useBias ? positionSums(backend, g) : null
      const squares = [rowSquares(tf, own), ...(ownBias === null ? [] : [rowSquares(tf, ownBias)])]
      const sums = (scale: Scale): Tensor[] => [
        kernelOrder(tf, weightedSum(backend, own, scale), kernelShape),
        ...(ownBias === null ? [] : [weightedSum(backend, ownBias, scale)]),
      ]
      const inputShape = images.shape
      const input = wantInput
        ? convolutionInputGradient(backend, gradient as Tensor4D, kernel as Tensor4D, { inputShape, window })
        : null
      return { input, gradients: { squares, sums } }
    }
    return { output: config.useBias ? tf.add(product, bias!) : product, backward }
  }
  return { shapes, forward }
}

/**
 * With c the centred input, r one over its deviation and M the mean over a group and all positions, y = c·(r·γ) + β and
 * dx = r·(γ·dy − M(γ·Σdy) − c·r·M(γ·Σdy·c·r)), where the two sums over positions are the gradients of beta and gamma.
 */
function groupNormalizationRule(backend: Backend, layer: Layer): LayerRule {
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
      const squares = [rowSquares(tf, ownGamma), rowSquares(tf, ownBeta)]
      const sums = (scale: Scale): Tensor[] => [
        weightedSum(backend, ownGamma, scale),
        weightedSum(backend, ownBeta, scale),
      ]
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

function reshapeRule({ tf }: Backend, layer: Layer): LayerRule {
  const outputShape = layer.outputShape.slice(1) as number[]
  return {
    shapes: [],
    forward: input => ({
      output: tf.reshape(input, [input.shape[0]!, ...outputShape]),
      backward: gradient => ({ input: tf.reshape(gradient, input.shape), gradients: null }),
    }),
  }
}

function activationRule({ tf }: Backend, layer: Layer): LayerRule {
  const config = layer.getConfig()
  const isRelu =
    layer.getClassName() === 'ReLU' ? (config['maxValue'] ?? null) === null : config['activation'] === 'relu'
  if (!isRelu) throw refused(layer, 'is not a plain relu')
  return {
    shapes: [],
    forward: input => {
      const output = tf.relu(input)
      return { output, backward: gradient => ({ input: tf.mul(gradient, tf.step(output)), gradients: null }) }
    },
  }
}

/** Σ_i s_i · own_i, [B, n] to [n]. */
function weightedSum(backend: Backend, own: Tensor2D, scale: Scale): Tensor1D {
  return weightedRows(backend, scale.weights, finite(backend.tf, own, scale))
}

/** Zero where an example is not finite, because 0 · NaN is NaN. */
function finite(tf: Tf, values: Tensor2D, { finite }: Scale): Tensor2D {
  return finite === null ? values : tf.where(tf.reshape(finite, [-1, 1]), values, tf.zerosLike(values))
}

interface LayerConfig {
  useBias: boolean
  activation: string
  [key: string]: unknown
}

function configOf(layer: Layer): LayerConfig {
  return layer.getConfig() as unknown as LayerConfig
}

function shapesOf(layer: Layer): number[][] {
  return layer.trainableWeights.map(weight => weight.shape as number[])
}

function requireLinear(layer: Layer, activation: string): void {
  if (activation !== 'linear')
    throw refused(layer, `has the activation ${activation} inside; make it a layer of its own`)
}

function windowOf(layer: Layer, config: LayerConfig): Window {
  const { kernelSize, strides, padding, dataFormat, dilationRate } = config as unknown as {
    kernelSize: [number, number]
    strides: [number, number]
    padding: 'same' | 'valid'
    dataFormat: string
    dilationRate: number | number[]
  }
  if (dataFormat !== 'channelsLast') throw refused(layer, `has the data format ${dataFormat}`)
  if ([dilationRate].flat().some(rate => rate !== 1)) throw refused(layer, 'is dilated')
  return { size: kernelSize, strides, padding }
}
