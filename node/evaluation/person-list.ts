/**
 * Lists that a person keeps of records: readings, and what is known of them beside the data. Their lines are told by number
 * and never by what stands in them.
 *
 * @module
 */

import { openNamed } from '../datasets/folder.ts'
import { FileRefused } from '../datasets/reader.ts'
import { csvRows } from '../datasets/rows/csv-rows.ts'
import { EXIT, OperatorError } from '../errors.ts'
import type { RecordFinder } from './record-finder.ts'

export const LIST_ROWS_MAX = 2 ** 20
/** Of a reader's name, or a group's. */
const NAME_CHARACTERS_MAX = 64
/** Lines that are named; of more the number is told. */
const LINES_SHOWN = 8

export interface ListedRecord {
  /** index of the record in the sample; null: the line names none of its records */
  readonly record: number | null
  /** of the wanted columns, trimmed, printable */
  readonly texts: readonly string[]
  /** from 1, without the line of names */
  readonly row: number
}

/**
 * Reads a list: CSV, TSV or with semicolons, in UTF-8, under a line of names.
 *
 * @param wanted columns beside those that name a record; names are compared without regard to case
 * @throws OperatorError `bad-readings`, exit code 12
 */
export async function readPersonList(
  path: string,
  { wanted, finder }: { wanted: readonly string[]; finder: RecordFinder },
): Promise<ListedRecord[]> {
  const names = [...finder.columns, ...wanted]
  const found: ListedRecord[] = []
  for await (const file of openNamed(path)) {
    try {
      for await (const row of csvRows(file, { choose: columns => placesOf(columns, names) })) {
        if ('reason' in row) throw new FileRefused(`row ${row.row}: ${row.reason}`)
        if (found.length >= LIST_ROWS_MAX) throw new FileRefused(`it has more than ${LIST_ROWS_MAX} rows`)
        const texts = row.cells.map(cell => String(cell).trim())
        const own = texts.slice(finder.columns.length).map(shortName)
        found.push({ record: finder.find(texts.slice(0, finder.columns.length)), texts: own, row: row.row })
      }
    } catch (error) {
      if (error instanceof FileRefused) throw badReadings(path, error.message)
      throw error
    }
  }
  if (found.length === 0) throw badReadings(path, 'it holds no rows')
  if (found.every(({ record }) => record === null)) {
    throw badReadings(path, `none of its rows names one of the measured records by ${finder.columns.join(' and ')}`)
  }
  return found
}

function placesOf(columns: readonly string[], names: readonly string[]): number[] {
  const known = columns.map(name => name.toLowerCase())
  return names.map(name => {
    const place = known.indexOf(name.toLowerCase())
    if (place < 0) throw new FileRefused(`its first line names no column "${name}"; it needs ${names.join(', ')}`)
    if (known.lastIndexOf(name.toLowerCase()) !== place) throw new FileRefused(`it has the column "${name}" twice`)
    return place
  })
}

function shortName(text: string): string {
  return text
    .normalize()
    .replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, '?')
    .slice(0, NAME_CHARACTERS_MAX)
}

/** What is wrong with a list, and in which rows. */
export function badReadings(path: string, what: string): OperatorError {
  return new OperatorError('bad-readings', `The list ${path} cannot be used: ${what}`, {
    hint: 'It is a CSV in UTF-8 with a line of names; rows are counted from 1, without that line. docs/models.md shows one for each kind of data.',
    exitCode: EXIT.dataUnreadable,
  })
}

/** Rows by number, a few of them. */
export function rowsText(rows: readonly number[]): string {
  const shown = rows.slice(0, LINES_SHOWN).join(', ')
  const more = rows.length > LINES_SHOWN ? ` and ${rows.length - LINES_SHOWN} more` : ''
  return `${rows.length === 1 ? 'row' : 'rows'} ${shown}${more}`
}
