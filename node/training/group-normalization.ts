import assert from 'node:assert/strict'
import type { Layer, Tensor, Tensor4D, Tf } from './backend.ts'

/** Of GroupNormalization; Keras's default. */
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
