import {
  CNN,
  type CnnModel,
  CONVOLUTION_SIZE,
  CONVOLUTION_STRIDE,
  convolutionsOf,
} from '../../../protocols/study/models/cnn.ts'
import { dimensionOf } from '../../../protocols/study/parameters.ts'
import type { Layer, Tf } from '../backend.ts'
import { groupNormalization } from '../group-normalization.ts'
import { standardisedConvolution } from '../standardised-convolution.ts'
import { activation, narrower } from './layers.ts'
import type { TrainedPreset } from './preset.ts'

export const TRAINED_CNN: TrainedPreset<CnnModel> = {
  hiddenLayers: (tf, spec, data) => [
    ...spec.filters.flatMap((filters, index) => [
      convolution(tf, spec, {
        ...(index === 0 ? { inputShape: data.shape } : {}),
        name: `conv${index + 1}`,
        filters,
      }),
      groupNormalization(tf, { name: `norm${index + 1}`, groups: spec.groups }),
      activation(tf, spec),
    ]),
    tf.layers.flatten(),
  ],
  passLoad: (spec, data) => ({
    outputs: convolutionsOf(spec, data).reduce((sum, { height, width, filters }) => sum + height * width * filters, 0),
    instantiated: dimensionOf(CNN.hiddenLayout(spec, data).specs),
  }),
  smaller: spec =>
    narrower(spec.filters, spec.groups).map(filters => ({
      spec: { ...spec, filters },
      setting: `model.filters = [${filters.join(', ')}]`,
    })),
  frozenFeatures: null,
}

function convolution(
  tf: Tf,
  { standardised }: CnnModel,
  named: { inputShape?: number[]; name: string; filters: number },
): Layer {
  const config = { ...named, kernelSize: CONVOLUTION_SIZE, strides: CONVOLUTION_STRIDE, padding: 'same' as const }
  if (standardised) return standardisedConvolution(tf, config)
  return tf.layers.conv2d({ ...config, useBias: false, kernelInitializer: 'zeros' })
}
