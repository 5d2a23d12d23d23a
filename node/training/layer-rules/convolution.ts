import type { Backend, Layer, Tensor, Tensor2D, Tensor3D, Tensor4D, Tf } from '../backend.ts'
import {
  convolutionInputGradient,
  depthwiseInputGradient,
  kernelOrder,
  patches,
  patchOrder,
  perExampleProducts,
  positionSums,
  rowSquares,
  type Window,
} from '../kernels.ts'
import { rawGradients, type StandardisedConvolutionLayer, standardise } from '../standardised-convolution.ts'
import {
  configOf,
  grouped,
  type LayerConfig,
  type LayerRule,
  type Recorded,
  refused,
  requireLinear,
  type Scale,
  shapesOf,
  weightedSum,
} from './rule.ts'

/** Convolutions over two axes, and over one, which is the first of two: the second has the length 1. */
export function convolutionRule(backend: Backend, layer: Layer, views: number): LayerRule {
  const { tf } = backend
  const { window, useBias, standardised } = convolutionOf(layer)
  const shapes = shapesOf(layer)
  const [channels, filters] = shapes[0]!.slice(-2) as [number, number]
  const kernelShape: [number, number, number, number] = [...window.size, channels, filters]
  const forward = (input: Tensor, [raw, bias]: Tensor[]): Recorded => {
    const images = planar(tf, input)
    const given = tf.reshape(raw!, kernelShape) as Tensor4D
    const standard = standardised ? standardise(tf, given) : null
    const kernel = standard?.kernel ?? given
    const product = tf.conv2d(images, kernel, window.strides, window.padding)
    const backward: Recorded['backward'] = (gradient, wantInput) => {
      const g = grouped(tf, gradient, views)
      const used = perExampleProducts(backend, grouped(tf, patches(tf, images, window), views), g)
      const own = standard === null ? used : ofRawKernel(backend, used, standard)
      const ownBias = useBias ? positionSums(backend, g) : null
      const squares = [rowSquares(tf, own), ...(ownBias === null ? [] : [rowSquares(tf, ownBias)])]
      const sums = (scale: Scale): Tensor[] => [
        tf.reshape(kernelOrder(tf, weightedSum(backend, own, scale), kernelShape), shapes[0]!),
        ...(ownBias === null ? [] : [weightedSum(backend, ownBias, scale)]),
      ]
      if (!wantInput) return { input: null, gradients: { squares, sums } }
      const outer = tf.reshape(gradient, product.shape) as Tensor4D
      const inner = convolutionInputGradient(backend, outer, kernel, { inputShape: images.shape, window })
      return { input: tf.reshape(inner, input.shape), gradients: { squares, sums } }
    }
    const output = useBias ? tf.add(product, bias!) : product
    return { output: tf.reshape(output, outputShape(input, output as Tensor4D)), backward }
  }
  return { shapes, forward }
}

/** Sequences [B, T, C] as images [B, T, 1, C]; images as they are. */
export function planar(tf: Tf, input: Tensor): Tensor4D {
  if (input.rank === 4) return input as Tensor4D
  const [batch, length, channels] = input.shape as [number, number, number]
  return tf.reshape(input, [batch, length, 1, channels])
}

/** The inverse of `planar`, for an output of a layer that took `input`. */
export function outputShape(input: Tensor, { shape }: Tensor4D): number[] {
  return input.rank === 4 ? shape : [shape[0], shape[1], shape[3]]
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
  const {
    kernelSize,
    strides,
    padding,
    dilationRate,
    dataFormat = 'channelsLast',
  } = config as unknown as {
    kernelSize: number[]
    strides: number[]
    padding: string
    /** absent of layers over one axis */
    dataFormat?: string
    dilationRate: number | number[]
  }
  if (dataFormat !== 'channelsLast') throw refused(layer, `has the data format ${dataFormat}`)
  if ([dilationRate].flat().some(rate => rate !== 1)) throw refused(layer, 'is dilated')
  return planarWindow(layer, { size: kernelSize, strides, padding })
}

/** A window over one axis or two as one over two. */
export function planarWindow(
  layer: Layer,
  { size, strides, padding }: { size: number[]; strides: number[]; padding: string },
): Window {
  if (padding !== 'same' && padding !== 'valid') throw refused(layer, `has the padding ${padding}`)
  const [height, width = 1] = size as [number, number?]
  const [down, across = 1] = strides as [number, number?]
  // XNNPACK answers with zeros where the padding of `same` would be negative
  if (padding === 'same' && height * width > 1 && (down > height || across > width)) {
    throw refused(layer, 'has strides longer than its window, which needs the padding valid')
  }
  return { size: [height, width], strides: [down, across], padding }
}

/**
 * A convolution of each channel by itself. The gradient of a tap is a product of two numbers at each position, so the
 * per-example gradients are sums of products over positions.
 */
export function depthwiseRule(backend: Backend, layer: Layer, views: number): LayerRule {
  const { tf } = backend
  const config = configOf(layer)
  requireLinear(layer, config.activation)
  const window = windowOf(layer, config)
  const shapes = shapesOf(layer)
  const [height, width, channels, multiplier] = shapes[0] as [number, number, number, number]
  const taps = height * width
  const forward = (input: Tensor, [raw, bias]: Tensor[]): Recorded => {
    const images = input as Tensor4D
    const kernel = raw as Tensor4D
    const product = tf.depthwiseConv2d(images, kernel, window.strides, window.padding)
    const backward: Recorded['backward'] = (gradient, wantInput) => {
      const g = gradient as Tensor4D
      const rows = g.shape[0] * g.shape[1] * g.shape[2]
      const unfolded = tf.reshape(patches(tf, images, window), [rows * channels, taps, 1])
      const products = tf.mul(unfolded, tf.reshape(g, [rows * channels, 1, multiplier]))
      const each = tf.reshape(products, [g.shape[0], -1, channels * taps * multiplier])
      const own = positionSums(backend, grouped(tf, each, views))
      const ownBias = config.useBias ? positionSums(backend, grouped(tf, g, views)) : null
      const squares = [own, ...(ownBias === null ? [] : [ownBias])].map(values => rowSquares(tf, values))
      const sums = (scale: Scale): Tensor[] => [
        // in the order of the patches, the channel varies slowest
        kernelOrder(tf, weightedSum(backend, own, scale), [height, width, channels, multiplier]),
        ...(ownBias === null ? [] : [weightedSum(backend, ownBias, scale)]),
      ]
      const inner = wantInput ? depthwiseInputGradient(tf, g, kernel, { inputShape: images.shape, window }) : null
      return { input: inner, gradients: { squares, sums } }
    }
    return { output: config.useBias ? tf.add(product, bias!) : product, backward }
  }
  return { shapes, forward }
}
