import type { StudyData } from '../../../protocols/study/data.ts'
import type { Dataset } from '../../datasets/dataset.ts'
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
  /** Replaces records by features of them that nobody learns; null where the model takes the records. */
  readonly frozenFeatures: ((dataset: Dataset, spec: Spec) => Dataset) | null
}
