import { CONVOLUTION_SIZE, CONVOLUTION_STRIDE } from '../../../protocols/study/models/cnn.ts'
import { CONV1D, type Conv1dModel, timeConvolutionsOf } from '../../../protocols/study/models/conv1d.ts'
import { dimensionOf } from '../../../protocols/study/parameters.ts'
import { groupNormalization } from '../group-normalization.ts'
import { activation, narrower } from './layers.ts'
import type { TrainedPreset } from './preset.ts'

/** Taps of a cnn: what a pass holds for an output is measured with them. */
const MEASURED_TAPS = CONVOLUTION_SIZE * CONVOLUTION_SIZE

export const TRAINED_CONV1D: TrainedPreset<Conv1dModel> = {
  hiddenLayers: (tf, spec, data) => [
    ...spec.filters.flatMap((filters, index) => [
      tf.layers.conv1d({
        ...(index === 0 ? { inputShape: [...data.shape] } : {}),
        name: `conv${index + 1}`,
        filters,
        kernelSize: spec.taps,
        strides: CONVOLUTION_STRIDE,
        padding: 'same',
        useBias: false,
        kernelInitializer: 'zeros',
      }),
      groupNormalization(tf, { name: `norm${index + 1}`, groups: spec.groups }),
      activation(tf, spec),
    ]),
    spec.pooled ? tf.layers.globalAveragePooling1d({}) : tf.layers.flatten(),
  ],
  passLoad: (spec, data) => ({
    // with many taps the patches outweigh the outputs
    outputs: timeConvolutionsOf(spec, data).reduce(
      (sum, { frames, channels, filters }) =>
        sum + frames * Math.max(filters, Math.ceil((channels * spec.taps) / MEASURED_TAPS)),
      0,
    ),
    instantiated: dimensionOf(CONV1D.hiddenLayout(spec, data).specs),
  }),
  smaller: spec =>
    narrower(spec.filters, spec.groups).map(filters => ({
      spec: { ...spec, filters },
      setting: `model.filters = [${filters.join(', ')}]`,
    })),
  frozenFeatures: null,
}
