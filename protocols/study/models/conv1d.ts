import { z } from 'zod'
import { whole } from '../../encoding/fields.ts'
import { contractKindOf, type DataContract } from '../contracts/list.ts'
import { CONVOLUTION_TAPS_MAX, LAYER_WIDTH_MAX } from '../limits.ts'
import { CONVOLUTION_STRIDE } from './cnn.ts'
import { ACTIVATION_SCHEMA, activationText, type HiddenLayout, type ModelPreset, WIDTHS_SCHEMA } from './preset.ts'
import { constant, type ParameterSpec, requireCount, uniform, unsupportedModel } from './tensors.ts'

export const CONV1D_SCHEMA = z.strictObject({
  preset: z.literal('conv1d'),
  filters: WIDTHS_SCHEMA,
  /** frames that a filter sees: at least the stride, so that none is skipped */
  taps: whole(CONVOLUTION_STRIDE, CONVOLUTION_TAPS_MAX),
  groups: whole(1, LAYER_WIDTH_MAX),
  activation: ACTIVATION_SCHEMA,
  /** the head sees the mean over all frames, not every frame */
  pooled: z.boolean().exactOptional(),
})
export type Conv1dModel = z.output<typeof CONV1D_SCHEMA>

/** Stride-2 convolutions over time without bias, each with GroupNorm and an activation; bands are their channels. */
export const CONV1D: ModelPreset<Conv1dModel> = {
  isLinear: false,
  featureNorm: null,
  augmentationRefusal: null,
  hiddenLayout,
  sentence: model =>
    `conv1d ${model.filters.join('-')} over ${model.taps} frames in ${model.groups} groups${activationText(model)}` +
    (model.pooled ? ', mean over time' : ''),
}

/** What one convolution over time takes and gives. */
export interface TimeConvolution {
  readonly channels: number
  readonly filters: number
  /** of its output */
  readonly frames: number
}

/** The convolutions of a conv1d, in order. @throws ProtocolError `unsupported-model` for data that are no sounds */
export function timeConvolutionsOf(model: Conv1dModel, data: DataContract): TimeConvolution[] {
  if (data.kind !== 'sound') {
    throw unsupportedModel(`a conv1d needs sounds, and the data are ${contractKindOf(data).plural}`)
  }
  let [frames, channels]: [number, number] = data.shape
  return model.filters.map(filters => {
    frames = Math.ceil(frames / CONVOLUTION_STRIDE)
    const convolution = { channels, filters, frames }
    channels = filters
    return convolution
  })
}

function hiddenLayout(model: Conv1dModel, data: DataContract): HiddenLayout {
  const convolutions = timeConvolutionsOf(model, data)
  requireCount(model.groups, 'groups of a conv1d')
  requireCount(model.taps, 'taps of a conv1d')
  const specs = convolutions.flatMap(({ channels, filters }, index): ParameterSpec[] => {
    requireCount(filters, 'filters of a conv1d')
    if (filters % model.groups !== 0) {
      throw unsupportedModel(`${filters} filters do not divide into ${model.groups} groups`)
    }
    const limit = Math.sqrt(6 / (model.taps * channels))
    return [
      uniform(`conv${index + 1}/kernel`, [model.taps, channels, filters], limit),
      constant(`norm${index + 1}/gamma`, [filters], 1),
      constant(`norm${index + 1}/beta`, [filters], 0),
    ]
  })
  const { frames, filters } = convolutions.at(-1) as TimeConvolution
  return { specs, features: model.pooled ? filters : frames * filters }
}
