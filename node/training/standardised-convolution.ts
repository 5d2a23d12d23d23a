/**
 * A convolution with standardised filters: mean 0 and norm 1. Together with GroupNormalization it takes the place of
 * BatchNormalization in a private network, and mixes no examples.
 *
 * @module Qiao, Wang, Liu, Shen, Yuille, "Micro-batch training with batch-channel normalization and weight
 *   standardization", 2019; scaled by the fan-in as in De et al., "Unlocking high-accuracy differentially private image
 *   classification through scale", 2022.
 */

import assert from 'node:assert/strict'
import type { Layer, Tensor, Tensor3D, Tensor4D, Tf } from './backend.ts'

/** Added to var·fan-in, which is 2 for initial parameters: a filter of equal taps stays finite. */
export const STANDARD_EPSILON = 1e-4

export interface StandardisedConvolutionConfig {
  name?: string
  inputShape?: number[]
  filters: number
  kernelSize: number
  strides: number
  padding: 'same' | 'valid'
}

export interface StandardisedConvolutionLayer extends Layer {
  readonly kernelSize: number
  readonly strides: number
  readonly padding: 'same' | 'valid'
}

type LayerClass = new (config: StandardisedConvolutionConfig) => StandardisedConvolutionLayer

const classes = new WeakMap<Tf, LayerClass>()

/** A 2-D convolution without bias, by the standardised kernel. */
export function standardisedConvolution(tf: Tf, config: StandardisedConvolutionConfig): StandardisedConvolutionLayer {
  const known = classes.get(tf) ?? defineStandardisedConvolution(tf)
  classes.set(tf, known)
  return new known(config)
}

/**
 * Every filter as (w − mean) / √(var·fan-in + STANDARD_EPSILON).
 *
 * @param kernel  [kh, kw, C, filters]
 * @returns       the kernel of the same shape, and [filters] one over the root
 */
export function standardise(tf: Tf, kernel: Tensor4D): { kernel: Tensor4D; inverse: Tensor } {
  const centred = tf.sub(kernel, tf.mean(kernel, [0, 1, 2]))
  // var·fan-in is the sum of squares
  const inverse = tf.rsqrt(tf.add(tf.sum(tf.square(centred), [0, 1, 2]), STANDARD_EPSILON))
  return { kernel: tf.mul(centred, inverse), inverse }
}

/**
 * Per-example gradients with respect to the kernel itself, from those with respect to the standardised one. With u the
 * standardised filter and r the inverse root, it is for every filter the linear map g ↦ r·(g − mean(g) − u·(u·g)).
 *
 * @param gradients  [B, fan-in, filters]
 * @param kernel     [fan-in, filters], standardised, its taps in the order of `gradients`
 * @param sums       Σ over the middle axis, [B, n, C] to [B, C]
 * @returns          [B, fan-in, filters]
 */
export function rawGradients(
  tf: Tf,
  gradients: Tensor3D,
  { kernel, inverse, sums }: { kernel: Tensor; inverse: Tensor; sums: (values: Tensor3D) => Tensor },
): Tensor3D {
  const [batch, taps, filters] = gradients.shape
  const perFilter = (values: Tensor): Tensor => tf.reshape(values, [batch, 1, filters])
  const mean = perFilter(tf.div(sums(gradients), taps))
  const along = perFilter(sums(tf.mul(gradients, kernel)))
  return tf.mul(tf.sub(tf.sub(gradients, mean), tf.mul(kernel, along)), inverse)
}

function defineStandardisedConvolution(tf: Tf): LayerClass {
  class StandardisedConv2D extends tf.layers.Layer {
    static readonly className = 'StandardisedConv2D'
    readonly filters: number
    readonly kernelSize: number
    readonly strides: number
    readonly padding: 'same' | 'valid'
    #kernel: ReturnType<Layer['addWeight']> | undefined

    constructor({ filters, kernelSize, strides, padding, ...base }: StandardisedConvolutionConfig) {
      super(base)
      this.filters = filters
      this.kernelSize = kernelSize
      this.strides = strides
      this.padding = padding
    }

    override build(inputShape: (number | null)[]): void {
      const channels = inputShape.at(-1)
      assert(inputShape.length === 4 && typeof channels === 'number', 'images of a fixed number of channels')
      const shape = [this.kernelSize, this.kernelSize, channels, this.filters]
      this.#kernel = this.addWeight('kernel', shape, 'float32', tf.initializers.zeros())
      this.built = true
    }

    override computeOutputShape(inputShape: (number | null)[]): (number | null)[] {
      const shrink = this.padding === 'same' ? 1 : this.kernelSize
      const sides = inputShape.slice(1, 3).map(side => Math.ceil(((side as number) + 1 - shrink) / this.strides))
      return [inputShape[0]!, ...sides, this.filters]
    }

    override call(inputs: Tensor | Tensor[]): Tensor {
      return tf.tidy(() => {
        const images = (Array.isArray(inputs) ? inputs[0]! : inputs) as Tensor4D
        const { kernel } = standardise(tf, this.#kernel!.read() as Tensor4D)
        return tf.conv2d(images, kernel, this.strides, this.padding)
      })
    }

    override getConfig(): ReturnType<Layer['getConfig']> {
      const { filters, kernelSize, strides, padding } = this
      return { ...super.getConfig(), filters, kernelSize, strides, padding }
    }
  }
  tf.serialization.registerClass(StandardisedConv2D)
  return StandardisedConv2D as unknown as LayerClass
}
