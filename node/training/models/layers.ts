/** Layers that several presets, and the head, are made of. @module */

import type { DataContract } from '../../../protocols/study/contracts/list.ts'
import type { Activation } from '../../../protocols/study/models/preset.ts'
import type { Layer, Tf } from '../backend.ts'

/** Records as vectors; those that are vectors already have nothing to flatten, and the layer would refuse them. */
export function flat(tf: Tf, { shape }: DataContract): Layer {
  const inputShape = [...shape]
  return shape.length > 1 ? tf.layers.flatten({ inputShape }) : tf.layers.inputLayer({ inputShape })
}

export function dense(tf: Tf, name: string, units: number): Layer {
  return tf.layers.dense({ name, units, kernelInitializer: 'zeros' })
}

export function activation(tf: Tf, { activation = 'relu' }: { activation?: Activation }): Layer {
  return tf.layers.activation({ activation })
}

/** What a model without hidden layers holds for a record: its input alone. */
export const NO_LOAD = { outputs: 0, instantiated: 0 }

/** Layers of a half, a quarter … of the widths, as long as each is a multiple of `unit`. */
export function narrower(widths: readonly number[], unit = 1): number[][] {
  const halved = widths.map(width => width / 2)
  return halved.every(width => width % unit === 0) ? [halved, ...narrower(halved, unit)] : []
}
