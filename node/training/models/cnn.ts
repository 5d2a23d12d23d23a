import { type CnnModel, CONVOLUTION_SIZE, CONVOLUTION_STRIDE } from '../../../protocols/study/models/cnn.ts'
import type { Layer, Tf } from '../backend.ts'
import { groupNormalization } from '../group-normalization.ts'
import { standardisedConvolution } from '../standardised-convolution.ts'
import { activation } from './layers.ts'
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
