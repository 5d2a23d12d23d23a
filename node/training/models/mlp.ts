import type { MlpModel } from '../../../protocols/study/models/mlp.ts'
import { activation, dense, flat } from './layers.ts'
import type { TrainedPreset } from './preset.ts'

export const TRAINED_MLP: TrainedPreset<MlpModel> = {
  hiddenLayers: (tf, spec, data) => [
    flat(tf, data),
    ...spec.units.flatMap((units, index) => [dense(tf, `dense${index + 1}`, units), activation(tf, spec)]),
  ],
  frozenFeatures: null,
}
