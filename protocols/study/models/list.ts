/** Every model preset: one that a study document may name and that is not in the table does not compile. @module */

import { z } from 'zod'
import { CNN, CNN_SCHEMA } from './cnn.ts'
import { CONV1D, CONV1D_SCHEMA } from './conv1d.ts'
import { LOGISTIC, LOGISTIC_SCHEMA } from './logistic.ts'
import { MLP, MLP_SCHEMA } from './mlp.ts'
import { NONE, NONE_SCHEMA } from './none.ts'
import type { ModelPreset } from './preset.ts'
import { SCATTERING, SCATTERING_SCHEMA } from './scattering.ts'
import { unsupportedModel } from './tensors.ts'

export const MODEL_SCHEMA = z.discriminatedUnion('preset', [
  LOGISTIC_SCHEMA,
  MLP_SCHEMA,
  CNN_SCHEMA,
  CONV1D_SCHEMA,
  SCATTERING_SCHEMA,
  NONE_SCHEMA,
])

/** A study's model: a preset by its name, and the preset's own fields. */
export type ModelSpec = z.output<typeof MODEL_SCHEMA>
export type PresetName = ModelSpec['preset']
/** The fields of one preset. */
export type SpecOf<Name extends PresetName> = Extract<ModelSpec, { preset: Name }>

export const MODEL_PRESETS: { readonly [Name in PresetName]: ModelPreset<SpecOf<Name>> } = {
  logistic: LOGISTIC,
  mlp: MLP,
  cnn: CNN,
  conv1d: CONV1D,
  scattering: SCATTERING,
  none: NONE,
}

/** The preset of a model. @throws ProtocolError `unsupported-model` for a name that is in no list */
export function presetOf({ preset }: ModelSpec): ModelPreset<ModelSpec> {
  if (!Object.hasOwn(MODEL_PRESETS, preset)) throw unsupportedModel(`the preset ${JSON.stringify(preset)} is unknown`)
  return MODEL_PRESETS[preset] as ModelPreset<ModelSpec>
}
