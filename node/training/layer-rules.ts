/**
 * The rule of each kind of layer for book-keeping: a recorded forward pass, a backward pass, the squared norms of the
 * per-example gradients, and their weighted sum.
 *
 * An example with K views has K adjacent rows in every tensor of both passes, and one gradient: the sum over its rows.
 * Its views act like positions of an image, so a dense layer has K of them.
 *
 * A layer without a rule is refused by name: a layer that mixes the examples of a batch (BatchNormalization), shares
 * weights or is unknown cannot be clipped per example.
 *
 * @module
 */

import { EXIT, OperatorError } from '../errors.ts'
import type { Backend, Layer, Tensor, Tensor1D, Tensor2D, Tensor3D, Tensor4D, Tf } from './backend.ts'
import type { GroupNormalizationLayer } from './group-normalization.ts'
import {
  convolutionInputGradient,
  kernelOrder,
  patches,
  patchOrder,
  perExampleProducts,
  positionSums,
  rowSquares,
  type Window,
  weightedRows,
} from './kernels.ts'
import { rawGradients, type StandardisedConvolutionLayer, standardise } from './standardised-convolution.ts'

/** Weights of the examples in the sum, and a mask of the finite examples where some are not. */
export interface Scale {
  /** [B] */
  weights: Tensor1D
  /** [B] booleans, or null when every example is finite */
  finite: Tensor1D | null
}

/** The per-example gradients of one layer's parameters. */
export interface Gradients {
  /** squared norms, one [B] for each parameter or group of them */
  squares: Tensor1D[]
  /** the weighted sums over the batch, in the order and shapes of the parameters */
  sums(scale: Scale): Tensor[]
}

export interface Recorded {
  output: Tensor
  /** takes the gradient with respect to the output; gives `input`, the one with respect to the input, only if wanted */
  backward(gradient: Tensor, wantInput: boolean): { input: Tensor | null; gradients: Gradients | null }
}

export interface LayerRule {
  /** shapes of the layer's parameters, in order */
  shapes: number[][]
  forward(input: Tensor, parameters: Tensor[]): Recorded
}

/** Keeps ‖a‖²‖g‖² an upper bound where ‖a‖² is too small for a float32. */
const SQUARES_MIN = 1e-30

type RuleMaker = (backend: Backend, layer: Layer, views: number) => LayerRule

const RULES: Record<string, RuleMaker> = {
  Dense: denseRule,
  Conv2D: convolutionRule,
  StandardisedConv2D: convolutionRule,
  GroupNormalization: groupNormalizationRule,
  Flatten: reshapeRule,
  Reshape: reshapeRule,
  Activation: activationRule,
  ReLU: activationRule,
}

/**
 * The rule of a layer.
 *
 * @param views  rows of one example in a batch
 * @throws OperatorError `unsupported-layer`, exit code 11, that names the layer and what is wrong with it
 */
export function ruleOf(backend: Backend, layer: Layer, views: number): LayerRule {
  const kind = layer.getClassName()
  const rule = Object.hasOwn(RULES, kind) ? RULES[kind] : undefined
  if (rule === undefined) throw refused(layer, 'has no per-example gradient here')
  if (layer.inboundNodes.length !== 1) throw refused(layer, 'is used more than once, so its weights are shared')
  if (layer.trainableWeights.length !== layer.weights.length) throw refused(layer, 'has weights that are not trained')
  return rule(backend, layer, views)
}

/** The error for a layer that cannot be trained with privacy. */
export function refused(layer: Layer, reason: string): OperatorError {
  return new OperatorError('unsupported-layer', `The layer "${layer.name}" (${layer.getClassName()}) ${reason}`, {
    hint: `Use a chain of ${Object.keys(RULES).join(', ')}; GroupNormalization stands in for BatchNormalization.`,
    exitCode: EXIT.incompatibleStudy,
  })
}

function denseRule(backend: Backend, layer: Layer, views: number): LayerRule {
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

function convolutionRule(backend: Backend, layer: Layer, views: number): LayerRule {
  const { tf } = backend
  const { window, useBias, standardised } = convolutionOf(layer)
  const shapes = shapesOf(layer)
  const kernelShape = shapes[0] as [number, number, number, number]
  const forward = (input: Tensor, [raw, bias]: Tensor[]): Recorded => {
    const images = input as Tensor4D
    const standard = standardised ? standardise(tf, raw as Tensor4D) : null
    const kernel = standard?.kernel ?? (raw as Tensor4D)
    const product = tf.conv2d(images, kernel, window.strides, window.padding)
    const backward: Recorded['backward'] = (gradient, wantInput) => {
      const g = grouped(tf, gradient, views)
      const used = perExampleProducts(backend, grouped(tf, patches(tf, images, window), views), g)
      const own = standard === null ? used : ofRawKernel(backend, used, standard)
      const ownBias = useBias ? positionSums(backend, g) : null
      const squares = [rowSquares(tf, own), ...(ownBias === null ? [] : [rowSquares(tf, ownBias)])]
      const sums = (scale: Scale): Tensor[] => [
        kernelOrder(tf, weightedSum(backend, own, scale), kernelShape),
        ...(ownBias === null ? [] : [weightedSum(backend, ownBias, scale)]),
      ]
      const inputShape = images.shape
      const input = wantInput
        ? convolutionInputGradient(backend, gradient as Tensor4D, kernel, { inputShape, window })
        : null
      return { input, gradients: { squares, sums } }
    }
    return { output: useBias ? tf.add(product, bias!) : product, backward }
  }
  return { shapes, forward }
}

/** Converts per-example gradients [B, n] of a standardised kernel to those of the raw kernel, before any norm. */
function ofRawKernel(
  backend: Backend,
  own: Tensor2D,
  { kernel, inverse }: { kernel: Tensor4D; inverse: Tensor },
): Tensor2D {
  const { tf } = backend
  const ordered = patchOrder(tf, kernel)
  const gradients = tf.reshape(own, [own.shape[0], ...ordered.shape]) as Tensor3D
  const sums = (values: Tensor3D): Tensor => positionSums(backend, values)
  return tf.reshape(rawGradients(tf, gradients, { kernel: ordered, inverse, sums }), own.shape)
}

/**
 * With c the centred input, r one over its deviation and M the mean over a group and all positions, y = c·(r·γ) + β and
 * dx = r·(γ·dy − M(γ·Σdy) − c·r·M(γ·Σdy·c·r)), where the two sums over positions are the gradients of beta and gamma.
 */
function groupNormalizationRule(backend: Backend, layer: Layer, views: number): LayerRule {
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

/** Rows [B·K, …, C] reshaped to [B, K·positions, C]: an example's views one after the other. */
function grouped(tf: Tf, rows: Tensor, views: number): Tensor3D {
  return tf.reshape(rows, [rows.shape[0]! / views, -1, rows.shape.at(-1)!]) as Tensor3D
}

/** Sums gradients of rows, [B·K, n], to gradients of examples, [B, n]. */
function summedViews(backend: Backend, rows: Tensor2D, views: number): Tensor2D {
  return views === 1 ? rows : positionSums(backend, grouped(backend.tf, rows, views))
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

function convolutionOf(layer: Layer): { window: Window; useBias: boolean; standardised: boolean } {
  if (layer.getClassName() === 'StandardisedConv2D') {
    const { kernelSize, strides, padding } = layer as StandardisedConvolutionLayer
    const window: Window = { size: [kernelSize, kernelSize], strides: [strides, strides], padding }
    return { window, useBias: false, standardised: true }
  }
  const config = configOf(layer)
  const window = windowOf(layer, config)
  requireLinear(layer, config.activation)
  return { window, useBias: config.useBias, standardised: false }
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
