/** The records of a study: what its data contract says, read from a file of this machine. @module */

import type { DataContract } from '../../protocols/study/contracts/list.ts'
import { type Dataset, requireContract } from './dataset.ts'
import { openDataset } from './open-dataset.ts'

/**
 * Reads the records that a study trains on, or is measured on, and checks all of them.
 *
 * @throws OperatorError `data-unreadable`, exit code 12; `dataset-mismatch`, exit code 11
 */
export async function readStudyRecords(
  data: DataContract,
  { file, split }: { file: string; split: string },
): Promise<Dataset> {
  const { shape, classes } = data
  const dataset = await openDataset(file, { split, shape, classes })
  requireContract(dataset, data)
  return dataset
}
