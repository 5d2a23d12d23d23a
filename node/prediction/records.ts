/** Records to predict, from the files that an operator names: read as for training, but for labels and patients. @module */

import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { DataContract } from '../../protocols/study/contracts/list.ts'
import { valuesOf } from '../datasets/dataset.ts'
import { readUnlabelled, recordArrays } from '../datasets/numpy/npz.ts'
import { isRecordFormat } from '../datasets/open-dataset.ts'
import { readRecords } from '../datasets/read-folder.ts'
import { OperatorError } from '../errors.ts'

/** Where a record is. */
export interface RecordPlace {
  /** as the operator named it; below a folder with the rest of its path */
  readonly file: string
  /** name of the array of a NumPy archive; null for other files */
  readonly array: string | null
  /** from 1, in a file of rows or an array; null for a file that is one record */
  readonly row: number | null
}

export type FoundToPredict = { readonly place: RecordPlace } & (
  | { readonly values: Float32Array }
  /** what is wrong, and what to do, in one line without the file's name */
  | { readonly reason: string }
)

/**
 * Reads what a file or folder holds, one file at a time. Whatever cannot be read is a reason, and the rest is read.
 *
 * @param path a file of any kind that training takes, or a folder of such (archives of arrays by themselves alone)
 */
export async function* recordsToPredict(path: string, contract: DataContract): AsyncGenerator<FoundToPredict> {
  try {
    if (isRecordFormat(path)) yield* archiveRecords(path, contract)
    else yield* fileRecords(path, contract)
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error
    yield { place: { file: path, array: null, row: null }, reason: reasonOf(error) }
  }
}

async function* fileRecords(path: string, contract: DataContract): AsyncGenerator<FoundToPredict> {
  const isFolder = await stat(path).then(
    found => found.isDirectory(),
    () => false,
  )
  const reading = { contract, keyed: nobody, facts: () => UNKNOWN, unlabelled: true } as const
  for await (const finding of readRecords(path, reading)) {
    const place = { file: isFolder ? join(path, finding.file) : path, array: null, row: finding.row ?? null }
    if (!finding.ok) yield { place, reason: finding.reason }
    else if (finding.record !== null) yield { place, values: finding.record.values }
  }
}

/** All records of all arrays: `test_images` beside `train_images`, say. */
async function* archiveRecords(path: string, { shape }: DataContract): AsyncGenerator<FoundToPredict> {
  const size = shape.reduce((product, side) => product * side, 1)
  for (const array of await recordArrays(path, { shape })) {
    try {
      const dataset = await readUnlabelled(path, { array, shape })
      const read = valuesOf(dataset)
      for (let record = 0; record < dataset.count; record++) {
        const values = new Float32Array(size)
        read(record, values)
        yield { place: { file: path, array, row: record + 1 }, values }
      }
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error
      yield { place: { file: path, array, row: null }, reason: reasonOf(error) }
    }
  }
}

const UNKNOWN = { label: null, patient: null, split: null }

/** An unlabelled reading asks for no patient. */
function nobody(): never {
  throw new Error('a prediction keeps no patient')
}

function reasonOf({ message, hint }: OperatorError): string {
  return `${message}. ${hint}`
}
