import { z } from 'zod'
import { whole } from '../../encoding/fields.ts'
import { contractKindOf, type DataContract } from '../contracts/list.ts'
import { IMAGE_SIDE_MAX, SCATTERING_ANGLES_MAX, SCATTERING_SCALES_MAX } from '../limits.ts'
import type { ModelPreset } from './preset.ts'
import { unsupportedModel } from './tensors.ts'

export const SCATTERING_SCHEMA = z.strictObject({
  preset: z.literal('scattering'),
  scales: whole(1, SCATTERING_SCALES_MAX),
  angles: whole(1, SCATTERING_ANGLES_MAX),
  /** side of the square cells that features are averaged over, in pixels */
  cell: whole(1, IMAGE_SIDE_MAX),
})
export type ScatteringModel = z.output<typeof SCATTERING_SCHEMA>

/** The norm of an image's features; the head's bias sees 1 beside it. */
export const FEATURE_NORM = 10

/** Frozen wavelet features, averaged over square cells, and a linear head: for images. */
export const SCATTERING: ModelPreset<ScatteringModel> = {
  isLinear: true,
  featureNorm: FEATURE_NORM,
  augmentationRefusal: 'the features of the preset scattering are computed once for each record',
  hiddenLayout: (model, data) => ({ specs: [], features: featuresOf(model, data) }),
  sentence: ({ scales, angles, cell }) =>
    `scattering of ${scales} scales and ${angles} angles in cells of ${cell}, linear head`,
}

/** Channels of a scattering: order 0, one for each wavelet, one for each pair from a finer scale to a coarser one. */
export function scatteringChannels({ scales, angles }: { scales: number; angles: number }): number {
  return 1 + scales * angles + (angles * angles * scales * (scales - 1)) / 2
}

function featuresOf(model: ScatteringModel, data: DataContract): number {
  if (data.kind !== 'image')
    throw unsupportedModel(`a scattering needs images, and the data are ${contractKindOf(data).plural}`)
  const [height, width, depth] = data.shape
  const { cell, scales } = model
  if (height % cell !== 0 || width % cell !== 0) {
    throw unsupportedModel(`images of ${height}x${width} do not divide into cells of ${cell} pixels`)
  }
  if (2 ** scales > Math.min(height, width)) {
    throw unsupportedModel(`${scales} scales need images of at least ${2 ** scales} pixels`)
  }
  return (height / cell) * (width / cell) * depth * scatteringChannels(model)
}
