/**
 * What a rule of a layer is, and what several rules are made of.
 *
 * An example with K views has K adjacent rows in every tensor of both passes, and one gradient: the sum over its rows.
 * Its views act like positions of an image, so a dense layer has K of them.
 *
 * @module
 */

import { EXIT, OperatorError } from '../../errors.ts'
import type { Backend, Layer, Tensor, Tensor1D, Tensor2D, Tensor3D, Tf } from '../backend.ts'
import { positionSums, weightedRows } from '../kernels.ts'

/** Layers with a rule. */
export const LAYER_KINDS = [
  'Dense',
  'Conv1D',
  'Conv2D',
  'StandardisedConv2D',
  'DepthwiseConv2D',
  'Embedding',
  'GroupNormalization',
  'LayerNormalization',
  'AveragePooling1D',
  'AveragePooling2D',
  'GlobalAveragePooling1D',
  'GlobalAveragePooling2D',
  'Flatten',
  'Reshape',
  'Activation',
  'ReLU',
] as const
/** Layers that merge several inputs, with a rule. */
export const MERGE_KINDS = ['Add', 'Concatenate'] as const

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

/** A forward pass of a layer with one input. */
export interface Recorded {
  output: Tensor
  /** takes the gradient with respect to the output; gives `input`, the one with respect to the input, only if wanted */
  backward(gradient: Tensor, wantInput: boolean): { input: Tensor | null; gradients: Gradients | null }
}

/** The rule of a layer with one input. */
export interface LayerRule {
  /** shapes of the layer's parameters, in order */
  shapes: number[][]
  forward(input: Tensor, parameters: Tensor[]): Recorded
}

/** The rule of a layer with several inputs and no parameters. `backward` gives the gradient of every input. */
export interface MergeRule {
  forward(inputs: Tensor[]): { output: Tensor; backward(gradient: Tensor): Tensor[] }
}

export type RuleMaker = (backend: Backend, layer: Layer, views: number) => LayerRule

/** The error for a layer that cannot be trained with privacy. */
export function refused(layer: Layer, reason: string): OperatorError {
  return new OperatorError('unsupported-layer', `The layer "${layer.name}" (${layer.getClassName()}) ${reason}`, {
    hint: `Use ${[...LAYER_KINDS, ...MERGE_KINDS].join(', ')}; GroupNormalization stands in for BatchNormalization.`,
    exitCode: EXIT.incompatibleStudy,
  })
}

/** Rows [B·K, …, C] reshaped to [B, K·positions, C]: an example's views one after the other. */
export function grouped(tf: Tf, rows: Tensor, views: number): Tensor3D {
  return tf.reshape(rows, [rows.shape[0]! / views, -1, rows.shape.at(-1)!]) as Tensor3D
}

/** Sums gradients of rows, [B·K, n], to gradients of examples, [B, n]. */
export function summedViews(backend: Backend, rows: Tensor2D, views: number): Tensor2D {
  return views === 1 ? rows : positionSums(backend, grouped(backend.tf, rows, views))
}

/** Σ_i s_i · own_i, [B, n] to [n]. */
export function weightedSum(backend: Backend, own: Tensor2D, scale: Scale): Tensor1D {
  return weightedRows(backend, scale.weights, finite(backend.tf, own, scale))
}

/** Zero where an example is not finite, because 0 · NaN is NaN. */
export function finite(tf: Tf, values: Tensor2D, { finite }: Scale): Tensor2D {
  return finite === null ? values : tf.where(tf.reshape(finite, [-1, 1]), values, tf.zerosLike(values))
}

export interface LayerConfig {
  useBias: boolean
  activation: string
  [key: string]: unknown
}

export function configOf(layer: Layer): LayerConfig {
  return layer.getConfig() as unknown as LayerConfig
}

export function shapesOf(layer: Layer): number[][] {
  return layer.trainableWeights.map(weight => weight.shape as number[])
}

export function requireLinear(layer: Layer, activation: string): void {
  if (activation !== 'linear')
    throw refused(layer, `has the activation ${activation} inside; make it a layer of its own`)
}
