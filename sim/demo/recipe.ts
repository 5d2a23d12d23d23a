/**
 * The settings of the demonstration's study.
 *
 * @module
 */
import type { ModelSpec, StudyOptimizer } from '../../protocols/study/document.ts'

export interface Recipe {
  model: ModelSpec
  optimizer: StudyOptimizer
  /** `sampleRate` is the probability q; a study document holds it as a / 2^32. */
  privacy: { clippingNorm: number; sampleRate: number }
  rounds: number
}

export const RECIPE: Recipe = {
  model: { preset: 'cnn', filters: [16, 32, 32], groups: 4 },
  optimizer: { learningRate: 0.5, momentum: 0.9, averageDecay: 0.9 },
  privacy: { clippingNorm: 1, sampleRate: 1024 / 4708 },
  rounds: 60,
}
