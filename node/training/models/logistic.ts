import type { LogisticModel } from '../../../protocols/study/models/logistic.ts'
import { flat } from './layers.ts'
import type { TrainedPreset } from './preset.ts'

export const TRAINED_LOGISTIC: TrainedPreset<LogisticModel> = {
  hiddenLayers: (tf, _, data) => [flat(tf, data)],
  frozenFeatures: null,
}
