/**
 * A training step without privacy as a baseline, written by hand for the `cnn` preset on the same engine: the same
 * forward pass, and a backward pass with one matrix product for each layer's gradient of the whole batch. It uses the
 * fastest known operations, so that the cost of privacy is not understated.
 *
 * @module
 */

import type { Backend, Tensor, Tensor1D, Tensor2D, Tensor3D, Tensor4D, Tf } from '../../node/training/backend.ts'
import { NORM_EPSILON } from '../../node/training/group-normalization.ts'
import {
  convolutionInputGradient,
  kernelOrder,
  patches,
  positionSums,
  type Window,
} from '../../node/training/kernels.ts'
import { splitParameters } from '../../node/training/model.ts'
import type { ParameterSpec } from '../../protocols/study/models/tensors.ts'
import type { Batch } from './reference.ts'

const NONE: [number, number] = [0, 0]
const WINDOW: Window = { size: [3, 3], strides: [2, 2], padding: 'same' }

interface Block {
  input: Tensor4D
  kernel: Tensor4D
  gamma: Tensor1D
  centred: Tensor3D
  inverse: Tensor2D
  output: Tensor4D
  mean: (sums: Tensor) => Tensor2D
}

interface CnnShape {
  specs: ParameterSpec[]
  /** [height, width, channels] */
  image: [number, number, number]
  groups: number
}

/** Σ_i ∇L_i of a batch, flat, float64; neither clipped nor divided. */
export function plainStep(backend: Backend, cnn: CnnShape, { parameters, inputs, labels }: Batch): Float64Array {
  const { tf } = backend
  const shapes = cnn.specs.map(spec => spec.shape)
  const gradients = tf.tidy(() => {
    const tensors = splitParameters(parameters, shapes).map((view, index) => tf.tensor(view, shapes[index]!))
    const bias = tensors.pop() as Tensor1D
    const head = tensors.pop() as Tensor2D
    const blocks: Block[] = []
    let value = tf.tensor(inputs, [labels.length, ...cnn.image]) as Tensor4D
    for (let start = 0; start < tensors.length; start += 3) {
      const block = forward(backend, value, { tensors: tensors.slice(start, start + 3), groups: cnn.groups })
      blocks.push(block)
      value = block.output
    }
    const features = tf.reshape(value, [labels.length, -1]) as Tensor2D
    const logits = tf.add(tf.matMul(features, head), bias) as Tensor2D
    const target = tf.oneHot(tf.tensor1d(labels, 'int32'), bias.shape[0])
    const error = tf.sub(tf.softmax(logits), target) as Tensor2D
    const found: Tensor[] = [tf.transpose(tf.matMul(tf.transpose(error), features)), tf.sum(error, 0)]
    let gradient: Tensor = tf.matMul(error, tf.transpose(head))
    for (const block of blocks.reverse()) {
      const step = backward(backend, block, gradient, block.input !== blocks.at(-1)!.input)
      found.unshift(...step.gradients)
      gradient = step.input ?? gradient
    }
    return found
  })
  const sum = Float64Array.from(gradients.flatMap(tensor => [...tensor.dataSync()]))
  tf.dispose(gradients)
  return sum
}

function forward(backend: Backend, input: Tensor4D, { tensors, groups }: { tensors: Tensor[]; groups: number }): Block {
  const { tf } = backend
  const [kernel, gamma, beta] = tensors as [Tensor4D, Tensor1D, Tensor1D]
  const convolved = tf.conv2d(input, kernel, WINDOW.strides, WINDOW.padding)
  const [batch, height, width, channels] = convolved.shape
  const x = tf.reshape(convolved, [batch, height * width, channels]) as Tensor3D
  const mean = groupMean(tf, { groups, channels, positions: height * width })
  const centred = tf.sub(x, tf.expandDims(mean(positionSums(backend, x)), 1)) as Tensor3D
  const variance = mean(positionSums(backend, tf.square(centred) as Tensor3D))
  const inverse = tf.rsqrt(tf.add(variance, NORM_EPSILON)) as Tensor2D
  const normal = tf.add(tf.mul(centred, tf.expandDims(tf.mul(inverse, gamma), 1)), beta)
  const output = tf.reshape(tf.relu(normal), convolved.shape) as Tensor4D
  return { input, kernel, gamma, centred, inverse, output, mean }
}

function backward(
  backend: Backend,
  { input, kernel, gamma, centred, inverse, output, mean }: Block,
  gradient: Tensor,
  wantInput: boolean,
): { input: Tensor | null; gradients: Tensor[] } {
  const { tf } = backend
  const flat = tf.reshape(output, centred.shape)
  const g = tf.mul(tf.reshape(gradient, centred.shape), tf.step(flat)) as Tensor3D
  const beta = positionSums(backend, g)
  const product = positionSums(backend, tf.mul(g, centred) as Tensor3D)
  const constant = tf.mul(inverse, mean(tf.mul(beta, gamma)))
  const slope = tf.mul(tf.mul(tf.square(inverse), inverse), mean(tf.mul(product, gamma)))
  const direct = tf.mul(g, tf.expandDims(tf.mul(inverse, gamma), 1))
  const before = tf.sub(tf.sub(direct, tf.mul(centred, tf.expandDims(slope, 1))), tf.expandDims(constant, 1))
  const after = tf.reshape(before, output.shape) as Tensor4D
  const inputGradient = wantInput
    ? convolutionInputGradient(backend, after, kernel, { inputShape: input.shape, window: WINDOW })
    : null
  return {
    input: inputGradient,
    gradients: [
      kernelGradient(backend, { input, gradient: after, shape: kernel.shape }),
      tf.sum(tf.mul(product, inverse), 0),
      tf.sum(beta, 0),
    ],
  }
}

/** The faster of two forms: XNNPACK on WASM packs the right operand, so that has to be the small one. */
function kernelGradient(
  { tf, engine }: Backend,
  { input, gradient, shape }: { input: Tensor4D; gradient: Tensor4D; shape: Tensor4D['shape'] },
): Tensor4D {
  const [, height, width, channels] = input.shape
  const [, rows, columns, filters] = gradient.shape
  if (engine !== 'wasm' || channels === 1) {
    const unfolded = tf.reshape(patches(tf, input, WINDOW), [-1, shape[0] * shape[1] * channels]) as Tensor2D
    const flat = tf.reshape(gradient, [-1, filters]) as Tensor2D
    const product = engine === 'wasm' ? tf.matMul(tf.transpose(unfolded), flat) : tf.matMul(unfolded, flat, true)
    return kernelOrder(tf, product, shape)
  }
  // a convolution of the input with the gradient as its filter, with examples as channels
  const around = (length: number, positions: number): [number, number] => {
    const total = (positions - 1) * WINDOW.strides[0] + WINDOW.size[0] - length
    return [Math.floor(total / 2), Math.ceil(total / 2)]
  }
  const padded = tf.pad(input, [NONE, around(height, rows), around(width, columns), NONE])
  const filter = tf.transpose(gradient, [1, 2, 0, 3]) as Tensor4D
  const images = tf.transpose(padded, [3, 1, 2, 0]) as Tensor4D
  return tf.transpose(tf.conv2d(images, filter, 1, 'valid', 'NHWC', WINDOW.strides), [1, 2, 0, 3])
}

function groupMean(
  tf: Tf,
  { groups, channels, positions }: { groups: number; channels: number; positions: number },
): (sums: Tensor) => Tensor2D {
  const width = channels / groups
  const block = tf.fill([width, width], 1 / (width * positions))
  const rows = Array.from({ length: groups }, (_, index) => {
    const around: [number, number] = [index * width, channels - (index + 1) * width]
    return tf.pad(block, [NONE, around])
  })
  const matrix = tf.concat(rows, 0) as Tensor2D
  return sums => tf.matMul(sums as Tensor2D, matrix)
}
