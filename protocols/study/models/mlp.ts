import { z } from 'zod'
import { ACTIVATION_SCHEMA, activationText, type ModelPreset, WIDTHS_SCHEMA } from './preset.ts'
import { constant, type ParameterSpec, requireCount, sizeOf, uniform } from './tensors.ts'

export const MLP_SCHEMA = z.strictObject({
  preset: z.literal('mlp'),
  units: WIDTHS_SCHEMA,
  activation: ACTIVATION_SCHEMA,
})
export type MlpModel = z.output<typeof MLP_SCHEMA>

/** Dense layers with an activation after each; records are flattened first. */
export const MLP: ModelPreset<MlpModel> = {
  isLinear: false,
  featureNorm: null,
  augmentationRefusal: null,
  hiddenLayout: ({ units }, { shape }) => {
    const specs: ParameterSpec[] = []
    let features = sizeOf(shape)
    units.forEach((count, index) => {
      requireCount(count, 'units of an mlp')
      specs.push(
        uniform(`dense${index + 1}/kernel`, [features, count], Math.sqrt(6 / features)),
        constant(`dense${index + 1}/bias`, [count], 0),
      )
      features = count
    })
    return { specs, features }
  },
  sentence: model => `mlp ${model.units.join('-')}${activationText(model)}`,
}
