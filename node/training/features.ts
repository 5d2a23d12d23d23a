/**
 * Inputs of a study's model: the records themselves, or fixed features of them (scattering), which are not learnt.
 *
 * @module
 */

import type { StudyDocument } from '../../protocols/study/types.ts'
import type { Dataset } from '../datasets/dataset.ts'
import { trainedPresetOf } from './models/list.ts'
import { boundedRecords } from './normaliser.ts'

/** Cache: features take milliseconds a record, and the same records are requested repeatedly. */
const known = new WeakMap<Dataset, { model: string; features: Dataset }>()

/** The records as the input of a model's trained part, before any normalisation. */
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
