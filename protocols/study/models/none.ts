import { z } from 'zod'
import type { ModelPreset } from './preset.ts'

export const NONE_SCHEMA = z.strictObject({ preset: z.literal('none') })
export type NoModel = z.output<typeof NONE_SCHEMA>

/** No model, in studies that train nothing. */
export const NONE: ModelPreset<NoModel> = {
  isLinear: true,
  featureNorm: null,
  augmentationRefusal: 'the study trains nothing',
  hiddenLayout: () => ({ specs: [], features: 0 }),
  sentence: () => 'none',
}
