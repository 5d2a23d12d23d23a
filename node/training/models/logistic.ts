import type { LogisticModel } from '../../../protocols/study/models/logistic.ts'
import { flat, NO_LOAD } from './layers.ts'
import type { TrainedPreset } from './preset.ts'

export const TRAINED_LOGISTIC: TrainedPreset<LogisticModel> = {
  hiddenLayers: (tf, _, data) => [flat(tf, data)],
  passLoad: () => NO_LOAD,
  smaller: () => [],
  frozenFeatures: null,
}
