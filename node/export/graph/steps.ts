/** Steps that several parts of a model are made of. @module */

import type { Activation } from '../../../protocols/study/models/preset.ts'
import { sizeOf } from '../../../protocols/study/models/tensors.ts'
import { NORM_EPSILON } from '../../training/group-normalization.ts'
import type { GraphBuilder, GraphConstant, GraphValue } from './graph.ts'

/** Keeps a division by a norm of 0 finite: a vector of zeros stays one. */
const SQUARE_MIN = 1e-30

/** Scales vectors to a norm; those of zeros stay. */
export function scaledToNorm(graph: GraphBuilder, vectors: GraphValue, norm: number): GraphValue {
  const length = vectors.shape[1] as number
  const mean = graph.mean(graph.pair('mul', vectors, vectors), [1])
  const square = graph.pair('mul', mean, graph.scalar(length))
  const root = graph.single('sqrt', graph.pair('max', square, graph.scalar(SQUARE_MIN)))
  return graph.pair('mul', graph.pair('div', vectors, root), graph.scalar(norm))
}

/** Records as vectors. */
export function flattened(graph: GraphBuilder, values: GraphValue): GraphValue {
  const [, ...rest] = values.shape
  return rest.length === 1 ? values : graph.reshape(values, [sizeOf(rest)])
}

export function activated(
  graph: GraphBuilder,
  values: GraphValue,
  { activation = 'relu' }: { activation?: Activation },
): GraphValue {
  return graph.single(activation, values)
}

/** Group normalisation over the last axis, as node/training/group-normalization.ts has it. */
export function groupNormalised(
  graph: GraphBuilder,
  values: GraphValue,
  { groups, gamma, beta }: { groups: number; gamma: GraphConstant; beta: GraphConstant },
): GraphValue {
  const [, ...rest] = values.shape
  const channels = rest.at(-1) as number
  const split = graph.reshape(values, [sizeOf(rest) / channels, groups, channels / groups])
  const centred = graph.pair('sub', split, graph.mean(split, [1, 3]))
  const variance = graph.mean(graph.pair('mul', centred, centred), [1, 3])
  const deviation = graph.single('sqrt', graph.pair('add', variance, graph.scalar(NORM_EPSILON)))
  const normal = graph.reshape(graph.pair('div', centred, deviation), rest)
  return graph.pair('add', graph.pair('mul', normal, gamma), beta)
}
