import { z } from 'zod'
import type { ModelPreset } from './preset.ts'
import { sizeOf } from './tensors.ts'

export const LOGISTIC_SCHEMA = z.strictObject({ preset: z.literal('logistic') })
export type LogisticModel = z.output<typeof LOGISTIC_SCHEMA>

/** Logistic regression on the record itself: the head alone. */
export const LOGISTIC: ModelPreset<LogisticModel> = {
  isLinear: true,
  featureNorm: null,
  augmentationRefusal: null,
  hiddenLayout: (_, { shape }) => ({ specs: [], features: sizeOf(shape) }),
  sentence: () => 'logistic',
}
