/**
 * What a study's model is given in place of a record: the record itself, or features of it that nobody learns.
 *
 * @module
 */

import type { StudyDocument } from '../../protocols/study/types.ts'
import type { Dataset } from '../datasets/dataset.ts'
import { boundedRecords } from './normaliser.ts'
import { scatterDataset } from './scattering.ts'

/** Features take milliseconds a record, and the same records are asked for again and again. */
const known = new WeakMap<Dataset, { model: string; features: Dataset }>()

/** The records as the trained part of a model takes them, before any normalisation. */
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
