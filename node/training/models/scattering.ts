import { SCATTERING, type ScatteringModel } from '../../../protocols/study/models/scattering.ts'
import { createScattering, scatteringSeconds } from '../scattering.ts'
import { NO_LOAD } from './layers.ts'
import type { TrainedPreset } from './preset.ts'

export const TRAINED_SCATTERING: TrainedPreset<ScatteringModel> = {
  // the records come as features
  hiddenLayers: (tf, spec, data) => [
    tf.layers.inputLayer({ inputShape: [SCATTERING.hiddenLayout(spec, data).features] }),
  ],
  passLoad: () => NO_LOAD,
  // larger cells, of which whole ones fit into the image
  smaller: (spec, { shape: [height, width] }) =>
    Array.from({ length: height as number }, (_, at) => at + 1)
      .filter(cell => cell > spec.cell && height! % cell === 0 && width! % cell === 0)
      .map(cell => ({ spec: { ...spec, cell }, setting: `model.cell = ${cell}` })),
  frozenFeatures: { extractor: createScattering, seconds: scatteringSeconds },
}
