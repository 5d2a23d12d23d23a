/** What training needs of every model preset: one that is not in the table does not compile. @module */

import type { ModelSpec, PresetName, SpecOf } from '../../../protocols/study/models/list.ts'
import { TRAINED_CNN } from './cnn.ts'
import { TRAINED_CONV1D } from './conv1d.ts'
import { TRAINED_LOGISTIC } from './logistic.ts'
import { TRAINED_MLP } from './mlp.ts'
import { TRAINED_NONE } from './none.ts'
import type { TrainedPreset } from './preset.ts'
import { TRAINED_SCATTERING } from './scattering.ts'

export const TRAINED_PRESETS: { readonly [Name in PresetName]: TrainedPreset<SpecOf<Name>> } = {
  logistic: TRAINED_LOGISTIC,
  mlp: TRAINED_MLP,
  cnn: TRAINED_CNN,
  conv1d: TRAINED_CONV1D,
  scattering: TRAINED_SCATTERING,
  none: TRAINED_NONE,
}

/** What training needs of a model's preset. */
export function trainedPresetOf({ preset }: ModelSpec): TrainedPreset<ModelSpec> {
  return TRAINED_PRESETS[preset] as TrainedPreset<ModelSpec>
}
