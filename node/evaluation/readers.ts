/** Readings by people, and columns that part the records: lists that are held against the sample. @module */

import type { DataContract } from '../../protocols/study/contracts/list.ts'
import { classIndexOf } from '../datasets/class-index.ts'
import { badReadings, readPersonList, rowsText } from './person-list.ts'
import type { RecordFinder } from './record-finder.ts'
import type { Grouping } from './subgroups.ts'

export const READERS_MAX = 32
export const GROUPS_MAX = 12

/** What one person said. */
export interface Reader {
  readonly name: string
  /** class index of each record; -1: not read */
  readonly readings: Int32Array
}

export interface Readings {
  readonly readers: readonly Reader[]
  /** rows that name no record of the sample */
  readonly unmatched: readonly number[]
}

interface ListInput {
  readonly path: string
  readonly finder: RecordFinder
  /** of the sample */
  readonly count: number
}

/**
 * Reads who said what: columns `reader`, `class`, and what names a record.
 *
 * @throws OperatorError `bad-readings`, exit code 12: also for a class that the study does not know, a record that one
 *   reader read twice, a row without a reader, and more than READERS_MAX readers
 */
export async function readReadings(
  { path, finder, count }: ListInput,
  contract: Pick<DataContract, 'classes' | 'labels'>,
): Promise<Readings> {
  const rows = await readPersonList(path, { wanted: ['reader', 'class'], finder })
  const known = new Map<string, Int32Array>()
  const [unknown, twice, nameless]: [number[], number[], number[]] = [[], [], []]
  for (const { record, texts, row } of rows) {
    const [name, said] = texts as [string, string]
    const index = classIndexOf(contract, said)
    if (index === null) unknown.push(row)
    if (name === '') nameless.push(row)
    if (index === null || name === '' || record === null) continue
    const readings = known.get(name) ?? new Int32Array(count).fill(-1)
    known.set(name, readings)
    if (readings[record] !== -1) twice.push(row)
    else readings[record] = index
  }
  if (unknown.length > 0) {
    throw badReadings(path, `${rowsText(unknown)}: the class is none of the study's (${contract.classes.join(', ')})`)
  }
  if (nameless.length > 0) throw badReadings(path, `${rowsText(nameless)}: no reader is named`)
  if (twice.length > 0) throw badReadings(path, `${rowsText(twice)}: the reader has read this record before`)
  if (known.size > READERS_MAX) throw badReadings(path, `it has more than ${READERS_MAX} readers`)
  return {
    readers: [...known].map(([name, readings]) => ({ name, readings })),
    unmatched: rows.flatMap(({ record, row }) => (record === null ? [row] : [])),
  }
}

/**
 * Reads a column that parts the records.
 *
 * @throws OperatorError `bad-readings`, exit code 12: also for two rows that differ about one record, and more than
 *   GROUPS_MAX groups
 */
export async function readGrouping({ path, finder, count }: ListInput, column: string): Promise<Grouping> {
  const rows = await readPersonList(path, { wanted: [column], finder })
  const groups = new Array<string | null>(count).fill(null)
  const differing: number[] = []
  for (const { record, texts, row } of rows) {
    const group = texts[0]!
    if (record === null || group === '') continue
    if (groups[record] !== null && groups[record] !== group) differing.push(row)
    groups[record] = group
  }
  if (differing.length > 0) throw badReadings(path, `${rowsText(differing)}: another row says otherwise of the record`)
  const distinct = new Set(groups).size
  if (distinct > GROUPS_MAX) {
    const bands = 'put numbers such as an age into bands first, such as 40-59'
    throw badReadings(
      path,
      `its column "${column}" has ${distinct} groups, at most ${GROUPS_MAX} are compared; ${bands}`,
    )
  }
  return { column, groups }
}
