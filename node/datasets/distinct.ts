/** Which records of a data set are the same image, so that none counts twice. @module */

import { createHash } from 'node:crypto'
import { type Dataset, selectRecords } from './dataset.ts'

const FLOAT_BYTES = 4

/**
 * Each image once. The promise is about one record, and an image that stands in the data twice would be protected half as
 * well. One that stands there with two labels is left out: to take either would make the other's presence decide which.
 * Either way one record more or less changes what one image adds, and nothing else.
 *
 * Rows of a table are left as they are: two that are the same are two people.
 *
 * @returns the data set itself when nothing is left out
 */
export function distinctRecords(dataset: Dataset): Dataset {
  const { shape, labels, count } = dataset
  if (shape.length === 1) return dataset
  const first = new Map<string, number>()
  const ambiguous = new Set<string>()
  for (let record = 0; record < count; record++) {
    const digest = digestOf(dataset, record)
    const before = first.get(digest)
    if (before === undefined) first.set(digest, record)
    else if (labels[before] !== labels[record]) ambiguous.add(digest)
  }
  const kept = [...first].flatMap(([digest, record]) => (ambiguous.has(digest) ? [] : [record]))
  if (kept.length === count) return dataset
  return { count: kept.length, shape, ...selectRecords(dataset, Uint32Array.from(kept)) }
}

/** Number of records whose values occur earlier in the data already. */
export function repeatedRecords(dataset: Dataset): number {
  const { count } = dataset
  return count - new Set(Array.from({ length: count }, (_, record) => digestOf(dataset, record))).size
}

function digestOf({ shape, inputs }: Dataset, record: number): string {
  const bytes = shape.reduce((product, length) => product * length, FLOAT_BYTES)
  const values = new Uint8Array(inputs.buffer, inputs.byteOffset + record * bytes, bytes)
  return createHash('sha256').update(values).digest('base64')
}
