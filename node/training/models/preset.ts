import type { DataContract } from '../../../protocols/study/contracts/list.ts'
import type { Layer, Tf } from '../backend.ts'

/**
 * What training needs of a model preset: see protocols/study/models/ for what every peer knows of it. One preset, one
 * file; `list.ts` has them all.
 *
 * @typeParam Spec the preset's fields in a study document
 */
export interface TrainedPreset<Spec> {
  /** The layers before the head. Their weights, in order, have the names and shapes of the preset's `hiddenLayout`. */
  hiddenLayers(tf: Tf, spec: Spec, data: DataContract): Layer[]
  /** What a pass of the tensor engine holds for a record. */
  passLoad(spec: Spec, data: DataContract): PassLoad
  /** Models of the same preset that need less, the nearest first. */
  smaller(spec: Spec, data: DataContract): SmallerModel<Spec>[]
  /** Features of records that nobody learns, which the model takes instead; null where it takes the records. */
  readonly frozenFeatures: FrozenFeatures<Spec> | null
}

/** What a pass holds for a record, in numbers. */
export interface PassLoad {
  /** outputs of the hidden layers, before normalisation and activation; of one view */
  readonly outputs: number
  /** parameters whose gradient is instantiated for each record, with one view */
  readonly instantiated: number
}

export interface SmallerModel<Spec> {
  readonly spec: Spec
  /** what to write into the study's spec for it */
  readonly setting: string
}

export interface FrozenFeatures<Spec> {
  extractor(shape: readonly number[], spec: Spec): FeatureExtractor
  /** CPU seconds of one record, about */
  seconds(shape: readonly number[], spec: Spec): number
}

/** Computes the features of records, one by one: each record's depend on that record alone. */
export interface FeatureExtractor {
  /** features of one record */
  readonly length: number
  into(features: Float32Array, record: Float32Array): void
}
