/**
 * The whole chain of a study's model: records as its contract has them, through bounds, features and normalisation, to
 * logits and probabilities.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { type Checkpoint, deployed } from '../../../protocols/model/checkpoint.ts'
import { boundsOf, type Normalisation } from '../../../protocols/study/normalisation.ts'
import type { StudyDocument } from '../../../protocols/study/types.ts'
import { parametersOf } from '../named-tensors.ts'
import { frozenFeatures } from './frozen-features.ts'
import { GraphBuilder, type GraphValue, type ModelGraph } from './graph.ts'
import { hiddenSteps, parameter } from './layers.ts'
import { scaledToNorm } from './steps.ts'

/** Names of what goes in and comes out. */
export const RECORDS = 'records'
export const LOGITS = 'logits'
export const PROBABILITIES = 'probabilities'

/** Describes a checkpoint's deployed model. */
export function chainOf(document: StudyDocument, checkpoint: Checkpoint): ModelGraph {
  const { contract, model } = document
  const graph = new GraphBuilder(RECORDS, contract.shape)
  const tensors = new Map(parametersOf(document, checkpoint).map(tensor => [tensor.name, tensor]))
  const tensor = (name: string) => {
    const found = tensors.get(name)
    assert(found !== undefined, `the model has a tensor ${name}`)
    return found
  }
  const inputs = normalisedInputs(graph, inputsOf(graph, document), document, deployed(checkpoint).normalisation)
  const hidden = hiddenSteps(graph, inputs, model, tensor)
  const product = graph.matmul(hidden, parameter(graph, tensor('head/kernel')))
  const logits = graph.pair('add', product, parameter(graph, tensor('head/bias')), LOGITS)
  return graph.build([logits, graph.single('softmax', logits, PROBABILITIES)])
}

/** The trained part's inputs before any normalisation: frozen features, or records within their bounds. */
function inputsOf(graph: GraphBuilder, document: StudyDocument): GraphValue {
  const { contract, model } = document
  const frozen = frozenFeatures(graph, model, contract)
  if (frozen !== null) return frozen
  const bounds = boundsOf(document)
  if (bounds === null) return graph.input
  const columns = (value: (low: number, high: number) => number) =>
    graph.constant(
      bounds.map(([low, high]) => value(low, high)),
      [bounds.length],
    )
  const low = columns(least => least)
  const clipped = graph.pair(
    'min',
    graph.pair('max', graph.input, low),
    columns((_, most) => most),
  )
  const factor = columns((least, most) => 2 / (most - least))
  const scaled = graph.pair('sub', graph.pair('mul', graph.pair('sub', clipped, low), factor), graph.scalar(1))
  return graph.unlessNaN(graph.input, scaled, graph.scalar(0))
}

function normalisedInputs(
  graph: GraphBuilder,
  inputs: GraphValue,
  { normalisation }: Pick<StudyDocument, 'normalisation'>,
  values: Normalisation,
): GraphValue {
  if (values.length === 0) return inputs
  if (normalisation?.kind === 'mean') {
    const centred = graph.pair('sub', inputs, graph.constant(values, [values.length], 'normalisation/mean'))
    return scaledToNorm(graph, centred, normalisation.norm)
  }
  const columns = values.length / 2
  const centred = graph.pair(
    'sub',
    inputs,
    graph.constant(values.subarray(0, columns), [columns], 'normalisation/means'),
  )
  return graph.pair('mul', centred, graph.constant(values.subarray(columns), [columns], 'normalisation/factors'))
}
