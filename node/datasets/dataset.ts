/**
 * Records in memory, as the trainer and the evaluation take them.
 *
 * @module
 */

import type { DataContract } from '../../protocols/study/contracts/list.ts'
import { EXIT, OperatorError } from '../errors.ts'

export interface Dataset {
  count: number
  /** of one record: [height, width, channels] of an image, [length] of a vector */
  shape: number[]
  /** count × product(shape), row-major; images are scaled to [0, 1] */
  inputs: Float32Array
  /** count class indices */
  labels: Uint8Array | Int32Array
  /** whose each record is: count numbers, the same for records of one patient; absent where nothing says so */
  patients?: Int32Array
  /** keyed hash of each of those numbers, PATIENT_BYTES one after the other */
  patientHashes?: Uint8Array
}

/** Inputs and labels of some records, one after the other. */
export interface Batch {
  inputs: Float32Array
  labels: Int32Array
}

/** Records that are taken a batch at a time, wherever they are kept. */
export interface RecordSource {
  readonly count: number
  /** of one record */
  readonly shape: readonly number[]
  /** Copies the records of the given indices. */
  select(indices: Uint32Array): Batch
}

/** The records of a data set in memory. */
export function sourceOf(dataset: Dataset): RecordSource {
  return { count: dataset.count, shape: dataset.shape, select: indices => selectRecords(dataset, indices) }
}

/** A data set of the records of the given indices. */
export function recordsAt(dataset: Dataset, indices: Uint32Array): Dataset {
  const { shape, patients, patientHashes } = dataset
  return {
    count: indices.length,
    shape,
    ...selectRecords(dataset, indices),
    ...(patients && { patients: Int32Array.from(indices, record => patients[record]!) }),
    ...(patientHashes && { patientHashes }),
  }
}

/** Copies the records of the given indices. */
export function selectRecords(dataset: Dataset, indices: Uint32Array): Batch {
  const size = dataset.shape.reduce((product, length) => product * length, 1)
  const inputs = new Float32Array(indices.length * size)
  const labels = new Int32Array(indices.length)
  indices.forEach((record, row) => {
    inputs.set(dataset.inputs.subarray(record * size, (record + 1) * size), row * size)
    labels[row] = dataset.labels[record]!
  })
  return { inputs, labels }
}

/**
 * Makes sure that records fit a study's data contract.
 *
 * @throws OperatorError `dataset-mismatch`, exit code 11
 */
export function requireContract(dataset: Dataset, data: DataContract): void {
  const size = data.shape.reduce((product, length) => product * length, 1)
  if (dataset.shape.join() !== data.shape.join()) {
    throw mismatch(`its records have the shape [${dataset.shape}] and the study's [${data.shape}]`)
  }
  if (dataset.inputs.length !== dataset.count * size || dataset.labels.length !== dataset.count) {
    throw mismatch(`it does not hold ${dataset.count} whole records with a label each`)
  }
  if (data.patients && dataset.patients?.length !== dataset.count) {
    throw mismatch('it does not say whose each record is, and the study is about patients')
  }
  const outside = dataset.labels.findIndex(label => label < 0 || label >= data.classes.length)
  if (outside >= 0)
    throw mismatch(`the label of record ${outside} is none of the study's ${data.classes.length} classes`)
}

function mismatch(reason: string): OperatorError {
  return new OperatorError('dataset-mismatch', `The data do not fit the study: ${reason}`, {
    hint: 'Compare the study (`confrere study show`) with the file that config.toml names.',
    exitCode: EXIT.incompatibleStudy,
  })
}
