import { z } from 'zod'
import { whole } from '../../encoding/fields.ts'
import { contractKindOf, type DataContract } from '../contracts/list.ts'
import { LAYER_WIDTH_MAX } from '../limits.ts'
import { ACTIVATION_SCHEMA, activationText, type HiddenLayout, type ModelPreset, WIDTHS_SCHEMA } from './preset.ts'
import { constant, type ParameterSpec, requireCount, uniform, unsupportedModel } from './tensors.ts'

/** The convolutions: 3x3, every one halves height and width, padding `same`. */
export const CONVOLUTION_SIZE = 3
export const CONVOLUTION_STRIDE = 2

export const CNN_SCHEMA = z.strictObject({
  preset: z.literal('cnn'),
  filters: WIDTHS_SCHEMA,
  groups: whole(1, LAYER_WIDTH_MAX),
  activation: ACTIVATION_SCHEMA,
  /** every filter is used without its mean and with norm 1 */
  standardised: z.boolean().exactOptional(),
})
export type CnnModel = z.output<typeof CNN_SCHEMA>

/** 3x3 stride-2 convolutions without bias, each with GroupNorm and an activation. */
export const CNN: ModelPreset<CnnModel> = {
  isLinear: false,
  featureNorm: null,
  augmentationRefusal: null,
  hiddenLayout,
  sentence: model =>
    `cnn ${model.filters.join('-')} in ${model.groups} groups${activationText(model)}` +
    (model.standardised ? ', standardised weights' : ''),
}

/** What one convolution takes and gives. */
export interface Convolution {
  readonly channels: number
  readonly filters: number
  /** of its output */
  readonly height: number
  readonly width: number
}

/** The convolutions of a cnn, in order. @throws ProtocolError `unsupported-model` for data that are no images */
export function convolutionsOf(model: CnnModel, data: DataContract): Convolution[] {
  if (data.kind !== 'image')
    throw unsupportedModel(`a cnn needs images, and the data are ${contractKindOf(data).plural}`)
  let [height, width, channels]: [number, number, number] = data.shape
  return model.filters.map(filters => {
    height = halved(height)
    width = halved(width)
    const convolution = { channels, filters, height, width }
    channels = filters
    return convolution
  })
}

function hiddenLayout(model: CnnModel, data: DataContract): HiddenLayout {
  const convolutions = convolutionsOf(model, data)
  requireCount(model.groups, 'groups of a cnn')
  const specs = convolutions.flatMap(({ channels, filters }, index): ParameterSpec[] => {
    requireCount(filters, 'filters of a cnn')
    if (filters % model.groups !== 0) {
      throw unsupportedModel(`${filters} filters do not divide into ${model.groups} groups`)
    }
    const fanIn = CONVOLUTION_SIZE * CONVOLUTION_SIZE * channels
    return [
      uniform(`conv${index + 1}/kernel`, [CONVOLUTION_SIZE, CONVOLUTION_SIZE, channels, filters], Math.sqrt(6 / fanIn)),
      constant(`norm${index + 1}/gamma`, [filters], 1),
      constant(`norm${index + 1}/beta`, [filters], 0),
    ]
  })
  const { height, width, filters } = convolutions.at(-1) as Convolution
  return { specs, features: height * width * filters }
}

/** Height or width after a convolution (stride 2, padding `same`). */
function halved(length: number): number {
  return Math.ceil(length / CONVOLUTION_STRIDE)
}
