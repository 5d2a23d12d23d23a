import { SCATTERING, type ScatteringModel } from '../../../protocols/study/models/scattering.ts'
import { createScattering } from '../scattering.ts'
import type { TrainedPreset } from './preset.ts'

export const TRAINED_SCATTERING: TrainedPreset<ScatteringModel> = {
  // the records come as features
  hiddenLayers: (tf, spec, data) => [
    tf.layers.inputLayer({ inputShape: [SCATTERING.hiddenLayout(spec, data).features] }),
  ],
  frozenFeatures: createScattering,
}
