/**
 * Records as the trainer and the evaluation take them: what is known of each is in memory, and values are read a batch at
 * a time, wherever they are kept.
 *
 * @module
 */

import type { DataContract } from '../../protocols/study/contracts/list.ts'
import { EXIT, OperatorError } from '../errors.ts'

/** Copies the product(shape) values of a record, row-major. */
export type ReadValues = (record: number, into: Float32Array) => void

/**
 * Where a record stands at its source, so that what a person knows of it can be found. It is kept in memory alone, where
 * it was asked for, and is no part of a cache: a file's name may name a patient.
 */
export interface RecordOrigin {
  /** relative to what was named, with `/`; '' for the file itself */
  readonly file: string
  /** of a row in a file, from 1; of a record in an archive of arrays, from 0; null for a file that is one record */
  readonly row: number | null
}

export interface Dataset {
  count: number
  /** of one record: [height, width, channels] of an image, [length] of a vector */
  shape: number[]
  /**
   * Values of all records one after the other, where they are few; else what reads those of one. Images are scaled to
   * [0, 1]. Whoever needs values takes them by `selectRecords` or `eachRecord`.
   */
  inputs: Float32Array | ReadValues
  /** bytes of memory that each of these values takes for as long as the data set is used; 4 where absent */
  valueBytes?: number
  /** count class indices */
  labels: Uint8Array | Int32Array
  /** whose each record is: count numbers, the same for records of one patient; absent where nothing says so */
  patients?: Int32Array
  /** keyed hash of each of those numbers, PATIENT_BYTES one after the other */
  patientHashes?: Uint8Array
  /** of each record; absent unless the reading was asked for them */
  origins?: readonly RecordOrigin[]
}

/** How much a data set holds. Counts of private records stay on this machine: for its operator, in no log and no metric. */
export interface DatasetCounts {
  readonly records: number
  /** null where nothing says whose the records are */
  readonly patients: number | null
}

export function datasetCounts({ count, patients }: Pick<Dataset, 'count' | 'patients'>): DatasetCounts {
  return { records: count, patients: patients === undefined ? null : new Set(patients).size }
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

/** The records of a data set. */
export function sourceOf(dataset: Dataset): RecordSource {
  return { count: dataset.count, shape: dataset.shape, select: indices => selectRecords(dataset, indices) }
}

/** A data set of the records of the given indices. Values are not copied. */
export function recordsAt(dataset: Dataset, indices: Uint32Array): Dataset {
  const { shape, valueBytes, labels, patients, patientHashes, origins } = dataset
  const read = valuesOf(dataset)
  return {
    ...{ count: indices.length, shape, inputs: (record, into) => read(indices[record]!, into) },
    ...(valueBytes !== undefined && { valueBytes }),
    labels: Int32Array.from(indices, record => labels[record]!),
    ...(patients && { patients: Int32Array.from(indices, record => patients[record]!) }),
    ...(patientHashes && { patientHashes }),
    ...(origins && { origins: Array.from(indices, record => origins[record]!) }),
  }
}

/** Copies the records of the given indices. */
export function selectRecords(dataset: Dataset, indices: Uint32Array): Batch {
  const size = sizeOf(dataset)
  const read = valuesOf(dataset)
  const inputs = new Float32Array(indices.length * size)
  indices.forEach((record, row) => void read(record, inputs.subarray(row * size, (row + 1) * size)))
  return { inputs, labels: Int32Array.from(indices, record => dataset.labels[record]!) }
}

/** Shows the values of each record in turn. They are valid until the next one is shown. */
export function eachRecord(dataset: Dataset, show: (values: Float32Array, record: number) => void): void {
  const read = valuesOf(dataset)
  const values = new Float32Array(sizeOf(dataset))
  for (let record = 0; record < dataset.count; record++) {
    read(record, values)
    show(values, record)
  }
}

/** Bytes of memory that each value of a data set takes. */
export function valueBytesOf({ valueBytes = Float32Array.BYTES_PER_ELEMENT }: Dataset): number {
  return valueBytes
}

/** What reads the values of one record. */
export function valuesOf({ inputs, shape }: Pick<Dataset, 'inputs' | 'shape'>): ReadValues {
  if (typeof inputs === 'function') return inputs
  const size = sizeOf({ shape })
  return (record, into) => into.set(inputs.subarray(record * size, (record + 1) * size))
}

function sizeOf({ shape }: { readonly shape: readonly number[] }): number {
  return shape.reduce((product, length) => product * length, 1)
}

/**
 * Makes sure that records fit a study's data contract.
 *
 * @throws OperatorError `dataset-mismatch`, exit code 11
 */
export function requireContract(dataset: Dataset, data: DataContract): void {
  const { inputs } = dataset
  if (dataset.shape.join() !== data.shape.join()) {
    throw mismatch(`its records have the shape [${dataset.shape}] and the study's [${data.shape}]`)
  }
  const isWhole = typeof inputs === 'function' || inputs.length === dataset.count * sizeOf(data)
  if (!isWhole || dataset.labels.length !== dataset.count) {
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
