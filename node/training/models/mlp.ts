import type { MlpModel } from '../../../protocols/study/models/mlp.ts'
import { activation, dense, flat, narrower } from './layers.ts'
import type { TrainedPreset } from './preset.ts'

export const TRAINED_MLP: TrainedPreset<MlpModel> = {
  hiddenLayers: (tf, spec, data) => [
    flat(tf, data),
    ...spec.units.flatMap((units, index) => [dense(tf, `dense${index + 1}`, units), activation(tf, spec)]),
  ],
  passLoad: ({ units }) => ({ outputs: units.reduce((sum, count) => sum + count, 0), instantiated: 0 }),
  smaller: spec =>
    narrower(spec.units).map(units => ({ spec: { ...spec, units }, setting: `model.units = [${units.join(', ')}]` })),
  frozenFeatures: null,
}
