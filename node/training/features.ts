/**
 * Inputs of a study's model: the records themselves, or fixed features of them (scattering), which are not learnt.
 *
 * @module
 */

import type { StudyDocument } from '../../protocols/study/types.ts'
import type { Dataset } from '../datasets/dataset.ts'
import { boundedRecords } from './normaliser.ts'
import { scatterDataset } from './scattering.ts'

/** Cache: features take milliseconds a record, and the same records are requested repeatedly. */
const known = new WeakMap<Dataset, { model: string; features: Dataset }>()

/** The records as the input of a model's trained part, before any normalisation. */
export function featuresOf(
  document: Pick<StudyDocument, 'model' | 'data' | 'normalisation'>,
  dataset: Dataset,
): Dataset {
  const { model } = document
  if (model.preset !== 'scattering') return boundedRecords(document, dataset)
  const key = JSON.stringify(model)
  const before = known.get(dataset)
  if (before?.model === key) return before.features
  const features = scatterDataset(dataset, model)
  known.set(dataset, { model: key, features })
  return features
}
