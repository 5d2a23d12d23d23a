import type { NoModel } from '../../../protocols/study/models/none.ts'
import { unsupportedModel } from '../../../protocols/study/models/tensors.ts'
import { NO_LOAD } from './layers.ts'
import type { TrainedPreset } from './preset.ts'

export const TRAINED_NONE: TrainedPreset<NoModel> = {
  hiddenLayers: () => {
    throw unsupportedModel('the study counts a table and has no model')
  },
  passLoad: () => NO_LOAD,
  smaller: () => [],
  frozenFeatures: null,
}
