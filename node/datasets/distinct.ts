/** Which records of a data set are the same image, so that none counts twice. @module */

import { createHash } from 'node:crypto'
import type { UnitName } from '../../protocols/study/unit.ts'
import { type Dataset, eachRecord, recordsAt } from './dataset.ts'
import { unitsOf } from './units.ts'

/** Cache: the records are hashed once, for they are read from the disk, and asked about several times. */
const known = new WeakMap<Dataset, readonly string[]>()

/** What the promise is about, and how many records of one unit are trained on. */
export interface DistinctBy {
  readonly unit: UnitName
  /** where the unit is the patient */
  readonly recordsMax: number
}

/**
 * The records that count for training. A unit's rule looks at that unit alone, so that one unit more or less changes what
 * the unit itself adds, and nothing else.
 *
 * Where the unit is the record, each image counts once: one that stands in the data twice would be protected half as well.
 * One that stands there with two labels is left out, since to take either would make the other's presence decide which.
 *
 * Where the unit is the patient, the same is done within each patient, and the same image of two patients stays with both:
 * a rule over two patients would let one's presence decide what the other adds. Of a patient with more records than
 * `recordsMax`, those with the smallest hashes count.
 *
 * Rows of a table are left as they are: two that are the same are two people, or two visits.
 *
 * @returns the data set itself when nothing is left out
 */
export function distinctRecords(dataset: Dataset, { unit, recordsMax }: DistinctBy): Dataset {
  const hashes = recordHashes(dataset)
  const everything = Uint32Array.from({ length: dataset.count }, (_, record) => record)
  const kept: number[] = []
  if (unit === 'record') kept.push(...distinctOf(dataset, { hashes, records: everything }))
  else {
    const units = unitsOf(unit, dataset)
    for (let at = 0; at < units.count; at++) {
      const distinct = distinctOf(dataset, { hashes, records: units.recordsOf(at) })
      kept.push(...smallest(distinct, { hashes, recordsMax }))
    }
    kept.sort((a, b) => a - b)
  }
  return kept.length === dataset.count ? dataset : recordsAt(dataset, Uint32Array.from(kept))
}

/** Number of records that stand in the data earlier: where the unit is the patient, in the data of their own patient. */
export function repeatedRecords(dataset: Dataset, unit: UnitName): number {
  const { count, patients } = dataset
  const hashes = recordHashes(dataset)
  const seen = unit === 'record' ? hashes : hashes.map((hash, record) => `${patients?.[record]} ${hash}`)
  return count - new Set(seen).size
}

/** Whether records with the same values are the same image, or sound, and not rows that happen to be alike. */
export function countsOnce({ shape }: { readonly shape: readonly number[] }): boolean {
  return shape.length > 1
}

interface Hashed {
  /** of every record of the data set */
  readonly hashes: readonly string[]
  readonly records: Uint32Array
}

/** The first of each image among these records, unless it stands there with two labels. */
function distinctOf({ shape, labels }: Dataset, { hashes, records }: Hashed): number[] {
  if (!countsOnce({ shape })) return [...records]
  const first = new Map<string, number>()
  const ambiguous = new Set<string>()
  for (const record of records) {
    const digest = hashes[record]!
    const before = first.get(digest)
    if (before === undefined) first.set(digest, record)
    else if (labels[before] !== labels[record]) ambiguous.add(digest)
  }
  return [...first].flatMap(([digest, record]) => (ambiguous.has(digest) ? [] : [record]))
}

function smallest(
  records: number[],
  { hashes, recordsMax }: { hashes: readonly string[]; recordsMax: number },
): number[] {
  if (records.length <= recordsMax) return records
  const order = (a: number, b: number): number => (hashes[a] === hashes[b] ? a - b : hashes[a]! < hashes[b]! ? -1 : 1)
  return records.sort(order).slice(0, recordsMax)
}

/** SHA-256 of the values of each record, base64. */
export function recordHashes(dataset: Dataset): readonly string[] {
  const before = known.get(dataset)
  if (before !== undefined) return before
  const hashes: string[] = []
  eachRecord(dataset, values => {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
    hashes.push(createHash('sha256').update(bytes).digest('base64'))
  })
  known.set(dataset, hashes)
  return hashes
}
