/** The records of a study: what its data contract says, read from a file of this machine. @module */

import type { DataContract } from '../../protocols/study/contracts/list.ts'
import { type Dataset, recordsAt, requireContract } from './dataset.ts'
import { isRecordFormat, openDataset } from './open-dataset.ts'
import { PATIENT_BYTES, type PatientDoor } from './patients.ts'
import { readSource, type SourceReading } from './read-source.ts'
import type { DataSource } from './source.ts'

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
    ? await openDataset(path, { split, shape, classes, ...(patients && { door }) })
    : await readSource(source, data, reading)
  requireContract(dataset, data)
  return withoutWithdrawn(dataset, door)
}

function withoutWithdrawn(dataset: Dataset, { withdrawn }: PatientDoor): Dataset {
  const { patients, patientHashes, count } = dataset
  if (patients === undefined || patientHashes === undefined || withdrawn.size === 0) return dataset
  const isOut = (number: number): boolean =>
    withdrawn.has(
      Buffer.from(patientHashes.subarray(number * PATIENT_BYTES, (number + 1) * PATIENT_BYTES)).toString('hex'),
    )
  const out = new Set(patients)
  for (const number of out) if (!isOut(number)) out.delete(number)
  if (out.size === 0) return dataset
  return recordsAt(
    dataset,
    Uint32Array.from({ length: count }, (_, record) => record).filter(record => !out.has(patients[record]!)),
  )
}
