/**
 * The flat layout of a model's parameters, without a tensor engine: every peer needs it, including one that only owns
 * chunks or verifies a sum and never loads a model.
 *
 * @module
 */

import { ProtocolError } from '../errors.ts'
import type { ModelSpec, StudyData } from './types.ts'

/** Initial entries of one tensor: uniform in (−limit, limit), or one constant. */
export type InitialValue = { kind: 'uniform'; limit: number } | { kind: 'constant'; value: number }

/** One tensor of the model. The flat vector concatenates the row-major tensors in the order of the list. */
export interface ParameterSpec {
  name: string
  shape: number[]
  initial: InitialValue
}

/** Side of the presets' convolutions: 3x3, padding `same`. */
export const CONVOLUTION_SIZE = 3
/** Stride of the presets' convolutions: each halves height and width. */
export const CONVOLUTION_STRIDE = 2

/** Most parameters of a model: a typing error in a study must not cost every hospital gigabytes. */
export const STUDY_DIMENSION_MAX = 1 << 26

/**
 * The tensors of a study's model in their flat order.
 *
 * Uniform limits are He's √(6/fan-in) before a ReLU and Glorot's √(6/(fan-in + fan-out)) for the last layer. A square
 * root is bit-identical on every machine; a Gaussian by logarithms would not be. A linear model starts at 0.
 *
 * @param model  the study's model; `cnn` is 3x3 stride-2 convolutions without bias, each with GroupNorm and ReLU
 * @param data   the study's data contract; the model has a logit for each class
 * @returns      one spec for each tensor
 * @throws ProtocolError `unsupported-model` when the model does not fit the data (a `cnn` on vectors, channels that
 *   do not divide into the groups, an empty layer, more than STUDY_DIMENSION_MAX parameters)
 */
export function parameterSpecs(model: ModelSpec, data: StudyData): ParameterSpec[] {
  const specs = [...hiddenSpecs(model, data)]
  const features = outputSize(model, data)
  const classes = data.classes.length
  if (classes < 2) throw unsupported(`it needs at least two classes, not ${classes}`)
  specs.push(
    isLinear(model)
      ? constant('head/kernel', [features, classes], 0)
      : uniform('head/kernel', [features, classes], Math.sqrt(6 / (features + classes))),
    constant('head/bias', [classes], 0),
  )
  if (!(dimensionOf(specs) <= STUDY_DIMENSION_MAX))
    throw unsupported(`it has more than ${STUDY_DIMENSION_MAX} parameters`)
  return specs
}

/**
 * Whether only the head learns: then no symmetry needs breaking, and few noisy steps would have to undo a random start.
 */
function isLinear({ preset }: ModelSpec): boolean {
  return preset === 'logistic' || preset === 'scattering'
}

/** Number of entries of the flat vector. */
export function dimensionOf(specs: ParameterSpec[]): number {
  return specs.reduce((sum, spec) => sum + size(spec.shape), 0)
}

/** Height and width after a convolution of the presets (stride 2, padding `same`). */
export function halved(length: number): number {
  return Math.ceil(length / CONVOLUTION_STRIDE)
}

function hiddenSpecs(model: ModelSpec, data: StudyData): ParameterSpec[] {
  switch (model.preset) {
    case 'logistic':
    case 'scattering':
      return []
    case 'mlp':
      return denseSpecs(model.units, size(data.shape))
    case 'cnn':
      return convolutionSpecs(model, data)
    default:
      throw unsupported(`the preset ${JSON.stringify((model as { preset: unknown }).preset)} is unknown`)
  }
}

function denseSpecs(units: number[], inputs: number): ParameterSpec[] {
  const specs: ParameterSpec[] = []
  let features = inputs
  units.forEach((count, index) => {
    requireCount(count, 'units of an mlp')
    specs.push(
      uniform(`dense${index + 1}/kernel`, [features, count], Math.sqrt(6 / features)),
      constant(`dense${index + 1}/bias`, [count], 0),
    )
    features = count
  })
  return specs
}

function convolutionSpecs(model: ModelSpec & { preset: 'cnn' }, data: StudyData): ParameterSpec[] {
  if (data.kind !== 'image') throw unsupported('a cnn needs images, and the data are vectors')
  requireCount(model.groups, 'groups of a cnn')
  const specs: ParameterSpec[] = []
  let channels: number = data.shape[2]
  model.filters.forEach((filters, index) => {
    requireCount(filters, 'filters of a cnn')
    if (filters % model.groups !== 0) throw unsupported(`${filters} filters do not divide into ${model.groups} groups`)
    const fanIn = CONVOLUTION_SIZE * CONVOLUTION_SIZE * channels
    specs.push(
      uniform(`conv${index + 1}/kernel`, [CONVOLUTION_SIZE, CONVOLUTION_SIZE, channels, filters], Math.sqrt(6 / fanIn)),
      constant(`norm${index + 1}/gamma`, [filters], 1),
      constant(`norm${index + 1}/beta`, [filters], 0),
    )
    channels = filters
  })
  return specs
}

/** Number of features that the head receives. */
function outputSize(model: ModelSpec, data: StudyData): number {
  if (model.preset === 'scattering') return scatteringSize(model, data)
  if (model.preset === 'mlp') return model.units.at(-1) ?? size(data.shape)
  if (model.preset !== 'cnn' || data.kind !== 'image') return size(data.shape)
  let [height, width, channels]: [number, number, number] = data.shape
  for (const filters of model.filters) {
    height = halved(height)
    width = halved(width)
    channels = filters
  }
  return height * width * channels
}

/** Channels of a scattering: order 0, one for each wavelet, one for each pair of a finer and a coarser wavelet. */
export function scatteringChannels({ scales, angles }: { scales: number; angles: number }): number {
  return 1 + scales * angles + (angles * angles * scales * (scales - 1)) / 2
}

function scatteringSize(model: ModelSpec & { preset: 'scattering' }, data: StudyData): number {
  if (data.kind !== 'image') throw unsupported('a scattering needs images, and the data are vectors')
  const [height, width, depth] = data.shape
  const { cell, scales } = model
  if (height % cell !== 0 || width % cell !== 0) {
    throw unsupported(`images of ${height}x${width} do not divide into cells of ${cell} pixels`)
  }
  if (2 ** scales > Math.min(height, width))
    throw unsupported(`${scales} scales need images of at least ${2 ** scales} pixels`)
  return (height / cell) * (width / cell) * depth * scatteringChannels(model)
}

function uniform(name: string, shape: number[], limit: number): ParameterSpec {
  return { name, shape, initial: { kind: 'uniform', limit } }
}

function constant(name: string, shape: number[], value: number): ParameterSpec {
  return { name, shape, initial: { kind: 'constant', value } }
}

function size(shape: number[]): number {
  return shape.reduce((product, length) => product * length, 1)
}

function requireCount(count: number, what: string): void {
  if (!Number.isSafeInteger(count) || count < 1) throw unsupported(`the ${what} must be whole and positive`)
}

function unsupported(reason: string): ProtocolError {
  return new ProtocolError('unsupported-model', `This model cannot be trained: ${reason}`)
}
