/** The records of a data set that a study trains on. @module */

import type { StudyDocument } from '../../protocols/study/types.ts'
import type { Dataset } from '../datasets/dataset.ts'
import { distinctRecords } from '../datasets/distinct.ts'
import { recordsOfUnitMax } from './pass.ts'

/** The records that count: each image once for a unit, and no more of a unit than one pass can take. */
export function countedRecords(
  document: Pick<StudyDocument, 'unit' | 'model' | 'contract' | 'augmentation'>,
  dataset: Dataset,
): Dataset {
  return distinctRecords(dataset, { unit: document.unit, recordsMax: recordsOfUnitMax(document) })
}
