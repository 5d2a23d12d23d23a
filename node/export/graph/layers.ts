/** The layers before the head, by preset: one that is not in the table does not compile. @module */

import { type CnnModel, CONVOLUTION_STRIDE } from '../../../protocols/study/models/cnn.ts'
import type { Conv1dModel } from '../../../protocols/study/models/conv1d.ts'
import type { ModelSpec, PresetName, SpecOf } from '../../../protocols/study/models/list.ts'
import type { MlpModel } from '../../../protocols/study/models/mlp.ts'
import { STANDARD_EPSILON } from '../../training/standardised-convolution.ts'
import type { NamedTensor } from '../named-tensors.ts'
import type { GraphBuilder, GraphConstant, GraphValue } from './graph.ts'
import { activated, flattened, groupNormalised } from './steps.ts'

/** A parameter of the model by its name. */
export type TensorByName = (name: string) => NamedTensor

type LayerSteps<Spec> = (graph: GraphBuilder, inputs: GraphValue, spec: Spec, tensor: TensorByName) => GraphValue

const LAYER_STEPS: { readonly [Name in PresetName]: LayerSteps<SpecOf<Name>> } = {
  logistic: flattened,
  scattering: flattened,
  mlp: mlpSteps,
  cnn: cnnSteps,
  conv1d: conv1dSteps,
  none: flattened,
}

/** Inputs of the trained part to what reaches the head, [batch, features]. */
export function hiddenSteps(
  graph: GraphBuilder,
  inputs: GraphValue,
  spec: ModelSpec,
  tensor: TensorByName,
): GraphValue {
  return (LAYER_STEPS[spec.preset] as LayerSteps<ModelSpec>)(graph, inputs, spec, tensor)
}

/** A parameter as a constant of its name. */
export function parameter(graph: GraphBuilder, { name, shape, values }: NamedTensor): GraphConstant {
  return graph.constant(values, shape, name)
}

function mlpSteps(graph: GraphBuilder, inputs: GraphValue, spec: MlpModel, tensor: TensorByName): GraphValue {
  let values = flattened(graph, inputs)
  spec.units.forEach((_, index) => {
    const product = graph.matmul(values, parameter(graph, tensor(`dense${index + 1}/kernel`)))
    const dense = graph.pair('add', product, parameter(graph, tensor(`dense${index + 1}/bias`)))
    values = activated(graph, dense, spec)
  })
  return values
}

function cnnSteps(graph: GraphBuilder, images: GraphValue, spec: CnnModel, tensor: TensorByName): GraphValue {
  let values = images
  spec.filters.forEach((_, index) => {
    const raw = tensor(`conv${index + 1}/kernel`)
    const kernel = spec.standardised ? { ...raw, values: standardisedKernel(raw) } : raw
    const convolved = graph.convolution(values, parameter(graph, kernel), [CONVOLUTION_STRIDE, CONVOLUTION_STRIDE])
    values = activated(graph, normalised(graph, convolved, { index, groups: spec.groups, tensor }), spec)
  })
  return flattened(graph, values)
}

/** A convolution over time is one of images of one row. */
function conv1dSteps(graph: GraphBuilder, sounds: GraphValue, spec: Conv1dModel, tensor: TensorByName): GraphValue {
  const [, frames, bands] = sounds.shape as [number, number, number]
  let values = graph.reshape(sounds, [1, frames, bands])
  spec.filters.forEach((_, index) => {
    const { shape, ...kernel } = tensor(`conv${index + 1}/kernel`)
    const constant = parameter(graph, { ...kernel, shape: [1, ...shape] })
    const convolved = graph.convolution(values, constant, [1, CONVOLUTION_STRIDE])
    values = activated(graph, normalised(graph, convolved, { index, groups: spec.groups, tensor }), spec)
  })
  return flattened(graph, spec.pooled ? graph.mean(values, [2]) : values)
}

function normalised(
  graph: GraphBuilder,
  values: GraphValue,
  { index, groups, tensor }: { index: number; groups: number; tensor: TensorByName },
): GraphValue {
  const gamma = parameter(graph, tensor(`norm${index + 1}/gamma`))
  const beta = parameter(graph, tensor(`norm${index + 1}/beta`))
  return groupNormalised(graph, values, { groups, gamma, beta })
}

/** Every filter as node/training/standardised-convolution.ts standardises it. */
function standardisedKernel({ shape, values }: NamedTensor): Float32Array {
  const filters = shape.at(-1) as number
  const fanIn = values.length / filters
  const kernel = new Float32Array(values.length)
  for (let filter = 0; filter < filters; filter++) {
    let [sum, square] = [0, 0]
    for (let at = filter; at < values.length; at += filters) sum += values[at]!
    for (let at = filter; at < values.length; at += filters) square += (values[at]! - sum / fanIn) ** 2
    const root = Math.sqrt(square + STANDARD_EPSILON)
    for (let at = filter; at < values.length; at += filters) kernel[at] = (values[at]! - sum / fanIn) / root
  }
  return kernel
}
