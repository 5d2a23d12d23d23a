/**
 * Tensor functions for per-example gradients, each in the form that is fast on the engine. On WASM only plain 2-D
 * matrix products and forward convolutions run on XNNPACK: batched products are 5 times slower than one product for
 * each example, a `tf.slice` copies its whole input, transposeA is 50 times slower than a transpose.
 *
 * @module
 */

import type { Backend, Tensor, Tensor1D, Tensor2D, Tensor3D, Tensor4D, Tf } from './backend.ts'

export interface Window {
  /** height and width of the kernel */
  size: [number, number]
  strides: [number, number]
  padding: 'same' | 'valid'
}

/** Terms of one float32 sum of squares; more would lose more precision than the clipping margin covers. */
const TERMS_MAX = 4096
/** Multiplications of one example above which its own 2-D product is faster on WASM than the batched one. */
const BATCHED_PRODUCT_MAX = 40_000

/** XNNPACK's pooling keeps a row of channels on a 64 KiB stack, and more channels overwrite other memory. */
export const POOL_CHANNELS_MAX = 1024
/** With fewer channels pooling is slower than a matrix product. */
const POOL_CHANNELS_MIN = 8

type Padding = [before: number, after: number]
const NONE: Padding = [0, 0]
const ONE_BEFORE: Padding = [1, 0]
const ONE_AFTER: Padding = [0, 1]

/**
 * The patches of an image that a convolution multiplies with its kernel (im2col).
 *
 * @param images  [B, H, W, C]
 * @returns       [B, positions, C · kh · kw]; the channel varies slowest (see `kernelOrder`)
 */
export function patches(tf: Tf, images: Tensor4D, { size, strides, padding }: Window): Tensor3D {
  const [height, width] = size
  const [batch, , , channels] = images.shape
  const taps = height * width
  // a depthwise convolution with one-hot filters copies the patches with XNNPACK's speed
  const oneHot = tf.tile(tf.reshape(tf.eye(taps), [height, width, 1, taps]), [1, 1, channels, 1]) as Tensor4D
  const unfolded = tf.depthwiseConv2d(images, oneHot, strides, padding)
  return tf.reshape(unfolded, [batch, -1, channels * taps])
}

/** Reorders a gradient [C · kh · kw, filters] from the order of `patches` to the kernel's [kh, kw, C, filters]. */
export function kernelOrder(tf: Tf, gradient: Tensor, shape: [number, number, number, number]): Tensor4D {
  const [height, width, channels, filters] = shape
  return tf.reshape(tf.transpose(tf.reshape(gradient, [channels, height * width, filters]), [1, 0, 2]), shape)
}

/** The inverse of `kernelOrder`: a kernel [kh, kw, C, filters] as [C · kh · kw, filters]. */
export function patchOrder(tf: Tf, kernel: Tensor4D): Tensor2D {
  const [height, width, channels, filters] = kernel.shape
  const taps = tf.reshape(kernel, [height * width, channels, filters])
  return tf.reshape(tf.transpose(taps, [1, 0, 2]), [-1, filters])
}

/**
 * A_iᵀ G_i for each example i.
 *
 * @param a  [B, T, p]
 * @param g  [B, T, d]
 * @returns  [B, p · d]
 */
export function perExampleProducts({ tf, engine }: Backend, a: Tensor3D, g: Tensor3D): Tensor2D {
  const [batch, positions, rows] = a.shape
  const columns = g.shape[2]
  if (engine !== 'wasm') return tf.reshape(tf.matMul(a, g, true, false), [batch, rows * columns])
  const left = tf.transpose(a, [0, 2, 1])
  if (positions * rows * columns <= BATCHED_PRODUCT_MAX) {
    return tf.reshape(tf.matMul(left, g), [batch, rows * columns])
  }
  const [leftValues, rightValues] = [left.dataSync(), g.dataSync()]
  const example = (values: typeof leftValues, index: number, shape: [number, number, number]): Tensor3D => {
    const length = shape[1] * shape[2]
    return tf.tensor3d(values.subarray(index * length, (index + 1) * length) as Float32Array, shape)
  }
  const products = Array.from({ length: batch }, (_, index) =>
    tf.tidy(() =>
      tf.matMul(example(leftValues, index, [1, rows, positions]), example(rightValues, index, [1, positions, columns])),
    ),
  )
  return tf.reshape(tf.concat(products, 0), [batch, rows * columns])
}

/**
 * Gradient of a convolution with respect to its input.
 *
 * @param gradient    [B, H', W', O], with respect to the output
 * @param kernel      [kh, kw, C, O]
 * @param inputShape  [B, H, W, C]
 */
export function convolutionInputGradient(
  { tf, engine }: Backend,
  gradient: Tensor4D,
  kernel: Tensor4D,
  { inputShape, window }: { inputShape: [number, number, number, number]; window: Window },
): Tensor4D {
  const { size, strides, padding } = window
  const halving = padding === 'same' && [...size, ...strides].join() === '3,3,2,2'
  if (engine === 'wasm' && halving) return halvingInputGradient(tf, gradient, kernel, inputShape)
  return tf.conv2dTranspose(gradient, kernel, inputShape, strides, padding)
}

/**
 * The same for 3x3, stride 2, `same`: the four phases of the input (even or odd row, even or odd column) see 2x2
 * different taps, so one 2x2 convolution to 4·C channels gives them all (Shi et al. 2016, sub-pixel convolution).
 */
function halvingInputGradient(
  tf: Tf,
  gradient: Tensor4D,
  kernel: Tensor4D,
  [batch, height, width, channels]: [number, number, number, number],
): Tensor4D {
  const [, rows, columns, filters] = gradient.shape
  // an even input index 2m meets tap 0 of output m and tap 2 of output m − 1; an odd one only tap 1 of output m
  const padded = tf.pad(kernel, [ONE_AFTER, ONE_AFTER, NONE, NONE])
  const order = tf.tensor1d([2, 3, 0, 1], 'int32')
  const rolled = tf.gather(tf.gather(padded, order, 0), order, 1)
  const split = tf.transpose(tf.reshape(rolled, [2, 2, 2, 2, channels, filters]), [0, 2, 5, 1, 3, 4])
  const phases = tf.reshape(split, [2, 2, filters, 4 * channels]) as Tensor4D
  const before = tf.pad(gradient, [NONE, ONE_BEFORE, ONE_BEFORE, NONE])
  const grid = tf.conv2d(before, phases, 1, 'valid')
  const interleaved = tf.transpose(tf.reshape(grid, [batch * rows, columns, 2, 2 * channels]), [0, 2, 1, 3])
  const image = tf.reshape(interleaved, [batch, 2 * rows, 2 * columns, channels]) as Tensor4D
  // with an odd length `same` pads one before, with an even one none
  return height % 2 === 0 && width % 2 === 0
    ? image
    : tf.slice(image, [0, height % 2, width % 2, 0], [batch, height, width, channels])
}

/**
 * Gradient of a depthwise convolution with respect to its input: a depthwise convolution by the kernel turned round, of the
 * gradient with zeros in place of the positions that the strides skip.
 *
 * @param gradient    [B, H', W', C · multiplier], with respect to the output
 * @param kernel      [kh, kw, C, multiplier]
 * @param inputShape  [B, H, W, C]
 */
export function depthwiseInputGradient(
  tf: Tf,
  gradient: Tensor4D,
  kernel: Tensor4D,
  { inputShape, window }: { inputShape: [number, number, number, number]; window: Window },
): Tensor4D {
  const [batch, rows, columns] = gradient.shape
  const [, height, width, channels] = inputShape
  const { size, strides } = window
  const multiplier = kernel.shape[3]
  const turned = tf.reverse(kernel, [0, 1])
  const separate = tf.reshape(gradient, [batch * rows * columns, channels, multiplier]) as Tensor3D
  const parts = Array.from({ length: multiplier }, (_, index) => {
    const one = tf.reshape(tf.slice(separate, [0, 0, index], [-1, -1, 1]), [batch * rows, 1, columns * channels])
    const down = tf.reshape(tf.pad(one, [NONE, [0, strides[0] - 1], NONE]), [
      batch * rows * strides[0] * columns,
      1,
      channels,
    ])
    const spread = tf.pad(down, [NONE, [0, strides[1] - 1], NONE])
    const grid = tf.reshape(spread, [batch, rows * strides[0], columns * strides[1], channels]) as Tensor4D
    const placed = placedAt(tf, grid, {
      before: [size[0] - 1 - paddingBefore(height, 0, window), size[1] - 1 - paddingBefore(width, 1, window)],
      lengths: [height + size[0] - 1, width + size[1] - 1],
    })
    return tf.depthwiseConv2d(placed, tf.slice(turned, [0, 0, 0, index], [-1, -1, -1, 1]), 1, 'valid')
  })
  return tf.addN(parts) as Tensor4D
}

/** Rows or columns of zeros that a convolution puts before its input. */
function paddingBefore(length: number, axis: 0 | 1, { size, strides, padding }: Window): number {
  if (padding === 'valid') return 0
  const outputs = Math.ceil(length / strides[axis])
  return Math.floor(Math.max(0, (outputs - 1) * strides[axis] + size[axis] - length) / 2)
}

/** Images among zeros, or cut, at the ends: [B, H, W, C] to [B, …lengths, C]. */
function placedAt(
  tf: Tf,
  images: Tensor4D,
  { before, lengths }: { before: [number, number]; lengths: [number, number] },
): Tensor4D {
  const [batch, height, width, channels] = images.shape
  const kept: [number, number] = [Math.min(height, lengths[0] - before[0]), Math.min(width, lengths[1] - before[1])]
  const cut = kept[0] < height || kept[1] < width ? tf.slice(images, [0, 0, 0, 0], [batch, ...kept, channels]) : images
  const around = (axis: 0 | 1): Padding => [before[axis], lengths[axis] - before[axis] - kept[axis]]
  return tf.pad(cut, [NONE, around(0), around(1), NONE])
}

/**
 * Gradient of average pooling with respect to its input: each output's share goes to every number that it is a mean of.
 *
 * @param gradient    [B, H', W', C], with respect to the output
 * @param inputShape  [B, H, W, C]
 */
export function poolingInputGradient(
  tf: Tf,
  gradient: Tensor4D,
  { inputShape, window }: { inputShape: [number, number, number, number]; window: Window },
): Tensor4D {
  const [, height, width, channels] = inputShape
  const ones = tf.ones([...window.size, 1, 1]) as Tensor4D
  // `same` pads with nothing: a mean at the edge has fewer numbers
  const counts = tf.conv2d(tf.ones([1, height, width, 1]) as Tensor4D, ones, window.strides, window.padding)
  const all = tf.tile(ones, [1, 1, channels, 1]) as Tensor4D
  return depthwiseInputGradient(tf, tf.div(gradient, counts), all, { inputShape, window })
}

/** Σ over the middle axis, [B, T, C] to [B, C]. */
export function positionSums({ tf, engine }: Backend, values: Tensor3D): Tensor2D {
  const [batch, positions, channels] = values.shape
  if (engine !== 'wasm' || channels > POOL_CHANNELS_MAX) return tf.sum(values, 1)
  return tf.reshape(pooledSums(tf, tf.reshape(values, [batch, positions, 1, channels])), [batch, channels])
}

/** Σ_i weights_i · row_i, [B] and [B, n] to [n]. */
export function weightedRows({ tf, engine }: Backend, weights: Tensor1D, rows: Tensor2D): Tensor1D {
  const [batch, length] = rows.shape
  const channels = engine === 'wasm' ? largestDivisor(length, POOL_CHANNELS_MAX) : 1
  if (channels < POOL_CHANNELS_MIN) return tf.reshape(tf.matMul(tf.reshape(weights, [1, -1]), rows), [-1])
  const weighted = tf.mul(rows, tf.reshape(weights, [-1, 1]))
  return tf.reshape(pooledSums(tf, tf.reshape(weighted, [1, batch, length / channels, channels])), [-1])
}

/** Σ over the second axis. On WASM `tf.sum` transposes first and a product packs its operands; pooling does neither. */
function pooledSums(tf: Tf, values: Tensor4D): Tensor {
  const terms = values.shape[1]
  return tf.mul(tf.avgPool(values, [terms, 1], 1, 'valid'), terms)
}

function largestDivisor(value: number, max: number): number {
  let divisor = Math.min(value, max)
  while (value % divisor !== 0) divisor--
  return divisor
}

/** Sum over the rows' entries, [B, n] to [B], with at most TERMS_MAX terms in any one float32 sum. */
function rowSums(tf: Tf, values: Tensor2D): Tensor1D {
  const [batch, length] = values.shape
  if (length <= TERMS_MAX) return tf.sum(values, 1)
  const parts = Math.ceil(length / TERMS_MAX)
  const width = Math.ceil(length / parts)
  const padded =
    width * parts === length
      ? values
      : tf.pad(values, [
          [0, 0],
          [0, width * parts - length],
        ])
  return rowSums(tf, tf.reshape(tf.sum(tf.reshape(padded, [batch * parts, width]), 1), [batch, parts]))
}

/** ‖·‖² of each example, [B, …] to [B]. */
export function rowSquares(tf: Tf, values: Tensor): Tensor1D {
  const flat = tf.reshape(values, [values.shape[0]!, -1]) as Tensor2D
  return rowSums(tf, tf.square(flat))
}
