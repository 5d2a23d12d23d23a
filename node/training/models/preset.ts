import type { StudyData } from '../../../protocols/study/data.ts'
import type { Layer, Tf } from '../backend.ts'

/**
 * What training needs of a model preset: see protocols/study/models/ for what every peer knows of it. One preset, one
 * file; `list.ts` has them all.
 *
 * @typeParam Spec the preset's fields in a study document
 */
export interface TrainedPreset<Spec> {
  /** The layers before the head. Their weights, in order, have the names and shapes of the preset's `hiddenLayout`. */
  hiddenLayers(tf: Tf, spec: Spec, data: StudyData): Layer[]
  /** Features of records that nobody learns, which the model takes instead; null where it takes the records. */
  readonly frozenFeatures: ((shape: readonly number[], spec: Spec) => FeatureExtractor) | null
}

/** Computes the features of records, one by one: each record's depend on that record alone. */
export interface FeatureExtractor {
  /** features of one record */
  readonly length: number
  into(features: Float32Array, record: Float32Array): void
}
