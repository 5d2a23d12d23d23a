/**
 * What a study's model is given in place of a record: the record itself, or features of it that nobody learns.
 *
 * @module
 */

import type { StudyDocument } from '../../protocols/study/types.ts'
import type { Dataset } from '../datasets/dataset.ts'
import { trainedPresetOf } from './models/list.ts'
import { boundedRecords } from './normaliser.ts'

/** Features take milliseconds a record, and the same records are asked for again and again. */
const known = new WeakMap<Dataset, { model: string; features: Dataset }>()

/** The records as the trained part of a model takes them, before any normalisation. */
export function featuresOf(
  document: Pick<StudyDocument, 'model' | 'data' | 'normalisation'>,
  dataset: Dataset,
): Dataset {
  const { model } = document
  const { frozenFeatures } = trainedPresetOf(model)
  if (frozenFeatures === null) return boundedRecords(document, dataset)
  const key = JSON.stringify(model)
  const before = known.get(dataset)
  if (before?.model === key) return before.features
  const features = frozenFeatures(dataset, model)
  known.set(dataset, { model: key, features })
  return features
}
