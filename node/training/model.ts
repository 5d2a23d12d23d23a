/**
 * The study's model as a tfjs layers model, built from its presets.
 *
 * @module
 */

import assert from 'node:assert/strict'
import {
  CONVOLUTION_SIZE,
  CONVOLUTION_STRIDE,
  type ParameterSpec,
  parameterSpecs,
} from '../../protocols/study/parameters.ts'
import type { Activation, ModelSpec, StudyData } from '../../protocols/study/types.ts'
import type { Layer, LayersModel, Tensor, Tensor4D, Tf } from './backend.ts'
import { standardisedConvolution } from './standardised-convolution.ts'

/** GroupNormalization's epsilon; Keras's default. */
export const NORM_EPSILON = 1e-3

export interface GroupNormalizationConfig {
  name?: string
  groups: number
  epsilon?: number
}

export interface GroupNormalizationLayer extends Layer {
  readonly groups: number
  readonly epsilon: number
}

type LayerClass = new (config: GroupNormalizationConfig) => GroupNormalizationLayer

const classes = new WeakMap<Tf, LayerClass>()

/**
 * GroupNormalization (Wu and He 2018) over the last axis, which tfjs-layers does not have. Unlike BatchNormalization
 * it never mixes examples, so a gradient can be clipped per example.
 */
export function groupNormalization(tf: Tf, config: GroupNormalizationConfig): GroupNormalizationLayer {
  const known = classes.get(tf) ?? defineGroupNormalization(tf)
  classes.set(tf, known)
  return new known(config)
}

function defineGroupNormalization(tf: Tf): LayerClass {
  class GroupNormalization extends tf.layers.Layer {
    static readonly className = 'GroupNormalization'
    readonly groups: number
    readonly epsilon: number
    #gamma: ReturnType<Layer['addWeight']> | undefined
    #beta: ReturnType<Layer['addWeight']> | undefined

    constructor({ groups, epsilon = NORM_EPSILON, ...base }: GroupNormalizationConfig) {
      super(base)
      this.groups = groups
      this.epsilon = epsilon
    }

    override build(inputShape: (number | null)[]): void {
      const channels = inputShape.at(-1)
      assert(typeof channels === 'number' && channels % this.groups === 0, 'channels divide into the groups')
      this.#gamma = this.addWeight('gamma', [channels], 'float32', tf.initializers.ones())
      this.#beta = this.addWeight('beta', [channels], 'float32', tf.initializers.zeros())
      this.built = true
    }

    override call(inputs: Tensor | Tensor[]): Tensor {
      return tf.tidy(() => {
        const x = (Array.isArray(inputs) ? inputs[0]! : inputs) as Tensor4D
        const channels = x.shape.at(-1)!
        const grouped = tf.reshape(x, [x.shape[0], -1, this.groups, channels / this.groups])
        const { mean, variance } = tf.moments(grouped, [1, 3], true)
        const normal = tf.mul(tf.sub(grouped, mean), tf.rsqrt(tf.add(variance, this.epsilon)))
        return tf.add(tf.mul(tf.reshape(normal, x.shape), this.#gamma!.read()), this.#beta!.read())
      })
    }

    override getConfig(): ReturnType<Layer['getConfig']> {
      return { ...super.getConfig(), groups: this.groups, epsilon: this.epsilon }
    }
  }
  tf.serialization.registerClass(GroupNormalization)
  return GroupNormalization as unknown as LayerClass
}

/**
 * Builds the model: inputs of the data contract's shape to one logit for each class.
 *
 * @returns a chain of layers whose weights, in order, have exactly the names and shapes of `parameterSpecs`; its
 *   values mean nothing until `setParameters`. The caller disposes of it.
 * @throws ProtocolError `unsupported-model` as `parameterSpecs` does
 */
export function buildModel(tf: Tf, spec: ModelSpec, data: StudyData): LayersModel {
  const expected = parameterSpecs(spec, data)
  const layers = [...hiddenLayers(tf, spec, data), dense(tf, 'head', data.classes.length)]
  const model = tf.sequential({ layers })
  assertLayout(model, expected)
  return model
}

/** Cuts a flat parameter vector into one view for each tensor. */
export function splitParameters(parameters: Float32Array, shapes: number[][]): Float32Array[] {
  let start = 0
  const views = shapes.map(shape => {
    const end = start + shape.reduce((product, length) => product * length, 1)
    const view = parameters.subarray(start, end)
    start = end
    return view
  })
  assert.equal(parameters.length, start, 'parameters have the dimension of the model')
  return views
}

/** Gives the model the values of a flat parameter vector. */
export function setParameters(tf: Tf, model: LayersModel, parameters: Float32Array): void {
  const shapes = model.trainableWeights.map(weight => weight.shape as number[])
  tf.tidy(() => {
    const views = splitParameters(parameters, shapes)
    model.setWeights(views.map((view, index) => tf.tensor(view, shapes[index]!)))
  })
}

function hiddenLayers(tf: Tf, spec: ModelSpec, data: StudyData): Layer[] {
  const inputShape = { inputShape: data.shape }
  switch (spec.preset) {
    case 'logistic':
      return [flat(tf, data)]
    case 'scattering':
      // its inputs are features, see featuresOf
      return [tf.layers.inputLayer({ inputShape: [parameterSpecs(spec, data)[0]!.shape[0]!] })]
    case 'mlp':
      return [
        flat(tf, data),
        ...spec.units.flatMap((units, index) => [dense(tf, `dense${index + 1}`, units), activation(tf, spec)]),
      ]
    case 'cnn':
      return [
        ...spec.filters.flatMap((filters, index) => [
          convolution(tf, spec, { ...(index === 0 ? inputShape : {}), name: `conv${index + 1}`, filters }),
          groupNormalization(tf, { name: `norm${index + 1}`, groups: spec.groups }),
          activation(tf, spec),
        ]),
        tf.layers.flatten(),
      ]
  }
}

/** Flattens records to vectors; tfjs's Flatten refuses records that are vectors already. */
function flat(tf: Tf, { shape }: StudyData): Layer {
  const inputShape = [...shape]
  return shape.length > 1 ? tf.layers.flatten({ inputShape }) : tf.layers.inputLayer({ inputShape })
}

function dense(tf: Tf, name: string, units: number): Layer {
  return tf.layers.dense({ name, units, kernelInitializer: 'zeros' })
}

function convolution(
  tf: Tf,
  { standardised }: { standardised?: boolean },
  named: { inputShape?: number[]; name: string; filters: number },
): Layer {
  const config = { ...named, kernelSize: CONVOLUTION_SIZE, strides: CONVOLUTION_STRIDE, padding: 'same' as const }
  if (standardised) return standardisedConvolution(tf, config)
  return tf.layers.conv2d({ ...config, useBias: false, kernelInitializer: 'zeros' })
}

function activation(tf: Tf, { activation = 'relu' }: { activation?: Activation }): Layer {
  return tf.layers.activation({ activation })
}

function assertLayout(model: LayersModel, expected: ParameterSpec[]): void {
  const actual = model.weights.map(weight => ({ name: weight.originalName, shape: weight.shape }))
  assert.deepEqual(
    actual,
    expected.map(({ name, shape }) => ({ name, shape })),
    'the engine lays the parameters out as the study says',
  )
}
