/** The records of a study: what its data contract says, read from a file of this machine. @module */

import type { DataContract } from '../../protocols/study/contracts/list.ts'
import { type Dataset, requireContract } from './dataset.ts'
import { isRecordFormat, openDataset } from './open-dataset.ts'
import { readSource, type SourceReading } from './read-source.ts'
import type { DataSource } from './source.ts'
import { withoutWithdrawn } from './withdrawn.ts'

/**
 * Reads the records that a study trains on, or is measured on, and checks all of them. Records of patients who are out
 * are left out.
 *
 * @throws OperatorError `data-unreadable`, `bad-list`, exit code 12; `dataset-mismatch`, exit code 11
 */
export async function readStudyRecords(
  data: DataContract,
  source: DataSource,
  reading: SourceReading,
): Promise<Dataset> {
  const { shape, classes, patients } = data
  const { path, split } = source
  const { door } = reading
  // an archive of arrays is read as it is: it holds the tensors already
  const dataset = isRecordFormat(path)
    ? numbered(await openDataset(path, { split, shape, classes, ...(patients && { door }) }), reading)
    : await readSource(source, data, reading)
  requireContract(dataset, data)
  return withoutWithdrawn(dataset, door.withdrawn)
}

/** Records of an archive have no names: their place in the arrays says which they are. */
function numbered(dataset: Dataset, { origins = false }: SourceReading): Dataset {
  if (!origins) return dataset
  return { ...dataset, origins: Array.from({ length: dataset.count }, (_, row) => ({ file: '', row })) }
}
