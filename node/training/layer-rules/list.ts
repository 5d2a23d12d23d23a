/**
 * The rule of each kind of layer for book-keeping: a recorded forward pass, a backward pass, the squared norms of the
 * per-example gradients, and their weighted sum.
 *
 * A layer without a rule is refused by name: a layer that mixes the examples of a batch (BatchNormalization), shares
 * weights or is unknown cannot be clipped per example.
 *
 * @module
 */

import type { Backend, Layer } from '../backend.ts'
import { convolutionRule, depthwiseRule } from './convolution.ts'
import { denseRule } from './dense.ts'
import { embeddingRule } from './embedding.ts'
import { addRule, concatenateRule } from './merge.ts'
import { groupNormalizationRule, layerNormalizationRule } from './normalization.ts'
import { averagePoolingRule, globalAveragePoolingRule } from './pooling.ts'
import { type LAYER_KINDS, type LayerRule, type MERGE_KINDS, type MergeRule, type RuleMaker, refused } from './rule.ts'
import { activationRule, reshapeRule } from './shape.ts'

const RULES: Readonly<Record<(typeof LAYER_KINDS)[number], RuleMaker>> = {
  Dense: denseRule,
  Conv1D: convolutionRule,
  Conv2D: convolutionRule,
  StandardisedConv2D: convolutionRule,
  DepthwiseConv2D: depthwiseRule,
  Embedding: embeddingRule,
  GroupNormalization: groupNormalizationRule,
  LayerNormalization: layerNormalizationRule,
  AveragePooling1D: averagePoolingRule,
  AveragePooling2D: averagePoolingRule,
  GlobalAveragePooling1D: globalAveragePoolingRule,
  GlobalAveragePooling2D: globalAveragePoolingRule,
  Flatten: reshapeRule,
  Reshape: reshapeRule,
  Activation: activationRule,
  ReLU: activationRule,
}

const MERGE_RULES: Readonly<Record<(typeof MERGE_KINDS)[number], (backend: Backend, layer: Layer) => MergeRule>> = {
  Add: addRule,
  Concatenate: concatenateRule,
}

/**
 * The rule of a layer.
 *
 * @param views  rows of one example in a batch
 * @throws OperatorError `unsupported-layer`, exit code 11, that names the layer and what is wrong with it
 */
export function ruleOf(backend: Backend, layer: Layer, views: number): LayerRule | MergeRule {
  const kind = layer.getClassName()
  const rule = own(RULES, kind)
  const merge = own(MERGE_RULES, kind)
  if (rule === undefined && merge === undefined) throw refused(layer, 'has no per-example gradient here')
  if (layer.inboundNodes.length !== 1) throw refused(layer, 'is used more than once, so its weights are shared')
  if (layer.trainableWeights.length !== layer.weights.length) throw refused(layer, 'has weights that are not trained')
  return rule?.(backend, layer, views) ?? merge!(backend, layer)
}

function own<Value>(record: Readonly<Record<string, Value>>, key: string): Value | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined
}
