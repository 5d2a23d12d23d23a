/**
 * The reference for book-keeping: the same clipped sum, one example at a time, by the engine's automatic
 * differentiation of the layers model.
 *
 * @module
 */

import type { Backend, LayersModel, Tensor, Tensor2D, Tensor4D, Tf } from '../../node/training/backend.ts'
import { setParameters } from '../../node/training/model.ts'

export interface Batch {
  parameters: Float32Array
  inputs: Float32Array
  labels: Int32Array
}

/**
 * Σ_i min(1, clippingNorm / ‖∇L_i‖) ∇L_i by a loop over the examples and their views; means, norms and sum in float64.
 *
 * @param clippingNorm  with the margin included
 * @param views         of every record, side by side in `inputs`; L_i is the mean over them
 */
export function loopClippedSum(
  backend: Backend,
  { model, clippingNorm, views = 1 }: { model: LayersModel; clippingNorm: number; views?: number },
  { parameters, inputs, labels }: Batch,
): { sum: Float64Array; norms: Float64Array } {
  const { tf } = backend
  registerFilterGradient(backend)
  setParameters(tf, model, parameters)
  const shape = model.inputs[0]!.shape.slice(1) as number[]
  const size = inputs.length / labels.length / views
  const sum = new Float64Array(parameters.length)
  const norms = Float64Array.from(labels, (label, index) => {
    const gradient = new Float64Array(sum.length)
    for (let view = index * views; view < (index + 1) * views; view++) {
      const record = inputs.subarray(view * size, (view + 1) * size)
      const each = exampleGradient(tf, model, { record, shape, label })
      for (let i = 0; i < sum.length; i++) gradient[i]! += each[i]! / views
    }
    const norm = Math.sqrt(gradient.reduce((total, value) => total + value * value, 0))
    const weight = Math.min(1, clippingNorm / norm)
    for (let i = 0; i < sum.length; i++) sum[i]! += weight * gradient[i]!
    return norm
  })
  return { sum, norms }
}

function exampleGradient(
  tf: Tf,
  model: LayersModel,
  { record, shape, label }: { record: Float32Array; shape: number[]; label: number },
): Float64Array {
  const weights = model.trainableWeights
  const tensors = tf.tidy(() => {
    const x = tf.tensor(record, [1, ...shape])
    const variables = weights.map(weight => weight.read() as ReturnType<Tf['variable']>)
    const loss = (): ReturnType<Tf['scalar']> => {
      const logits = model.apply(x) as Tensor2D
      return tf.neg(tf.sum(tf.mul(tf.oneHot([label], logits.shape[1]), tf.logSoftmax(logits))))
    }
    const { grads } = tf.variableGrads(loss, variables)
    return variables.map(variable => grads[variable.name]!)
  })
  const flat = Float64Array.from(tensors.flatMap(tensor => [...tensor.dataSync()]))
  tf.dispose(tensors)
  return flat
}

const registered = new WeakSet<Tf>()

/** Adds to WASM the missing gradient of a convolution with respect to its filter, from forward operations. */
function registerFilterGradient({ tf, engine }: Backend): void {
  if (engine !== 'wasm' || registered.has(tf)) return
  registered.add(tf)
  interface Attributes {
    strides: [number, number]
    pad: 'same' | 'valid'
    filterShape: [number, number, number, number]
  }
  tf.registerKernel({
    kernelName: 'Conv2DBackpropFilter',
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs }) =>
      tf.tidy(() => {
        const { strides, pad, filterShape } = attrs as unknown as Attributes
        const [height, width, channels, filters] = filterShape
        const size = height * width * channels
        const identity = tf.reshape(tf.eye(size), [height, width, channels, size]) as Tensor4D
        const unfolded = tf.conv2d(asTensor(tf, inputs['x']) as Tensor4D, identity, strides, pad)
        const gradient = tf.reshape(asTensor(tf, inputs['dy']), [-1, filters])
        return tf.reshape(tf.matMul(tf.transpose(tf.reshape(unfolded, [-1, size])), gradient), filterShape)
      }),
  })
}

function asTensor(tf: Tf, info: unknown): Tensor {
  return info instanceof tf.Tensor ? info : tf.engine().makeTensorFromTensorInfo(info as Tensor)
}
