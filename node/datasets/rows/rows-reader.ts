/** Readers of files of rows: CSV, TSV and Parquet, for tables and texts. @module */

import { createHash } from 'node:crypto'
import { FileRefused, type Finding, type OpenedFile, type Reading, type RecordReader } from '../reader.ts'
import { csvRows } from './csv-rows.ts'
import { ROW_FILE_BYTES_MAX } from './limits.ts'
import { parquetRows } from './parquet-rows.ts'
import type { RowMaker } from './row-maker.ts'
import { columnName, type ReadRows, shownName } from './rows.ts'
import { tableRecords } from './table-record.ts'
import { textRecords } from './text-record.ts'

/** The UCI files of heart disease end in .data. */
const CSV_NAME = /\.(?:csv|tsv|tab|data)$/i

export const CSV_ROWS: RecordReader = {
  name: 'CSV and TSV files',
  contracts: ['table', 'text'],
  takes: name => CSV_NAME.test(name),
  read: (file, reading) => readFile(file, reading, { rows: csvRows, namesSure: false }),
}

export const PARQUET_ROWS: RecordReader = {
  name: 'Parquet files',
  contracts: ['table', 'text'],
  // PARE: a file with an encrypted footer
  takes: (_, head) => /^PAR[1E]/.test(Buffer.from(head.subarray(0, 4)).toString('latin1')),
  read: (file, reading) => readFile(file, reading, { rows: parquetRows, namesSure: true }),
}

/** How one kind of file is read. */
interface Kind {
  readonly rows: ReadRows
  /** names of columns are never values: the file does not have them in its first line */
  readonly namesSure: boolean
}

async function* readFile(file: OpenedFile, reading: Reading, kind: Kind): AsyncGenerator<Finding> {
  if (file.bytes > ROW_FILE_BYTES_MAX) {
    yield { file: file.name, ok: false, reason: `it has more than ${ROW_FILE_BYTES_MAX} bytes; split it` }
    return
  }
  let sha256: string | undefined = await hashOf(file)
  for await (const finding of findingsOf(file, reading, kind)) {
    yield sha256 === undefined ? finding : { ...finding, sha256 }
    sha256 = undefined
  }
}

/** Findings of a file; whatever refuses the rest of it is the last one. */
async function* findingsOf(file: OpenedFile, reading: Reading, kind: Kind): AsyncGenerator<Finding> {
  const where = { file: file.name }
  try {
    const maker = makerOf(file, reading)
    if (maker === null) yield { ...where, ...(await checkRows(file, kind)) }
    else yield* recordsOf(file, kind, reading, maker)
  } catch (error) {
    if (!(error instanceof FileRefused)) throw error
    yield { ...where, ok: false, reason: error.message }
  }
}

function makerOf({ name }: OpenedFile, reading: Reading): RowMaker | null {
  const { contract } = reading
  if (contract?.kind === 'table') return tableRecords(contract, reading, reading.facts(name))
  if (contract?.kind === 'text') return textRecords(contract, reading, reading.facts(name))
  if (contract === null) return null
  throw new FileRefused(`it holds rows, and a record of the study is no row (${contract.kind}). Leave it out.`)
}

/** Without a contract: whether rows can be parsed. */
async function checkRows(file: OpenedFile, { rows }: Kind): Promise<{ ok: true; record: null }> {
  for await (const row of rows(file, { choose: () => null })) {
    if ('reason' in row) throw new FileRefused(`row ${row.row}: ${row.reason}.`)
  }
  return { ok: true, record: null }
}

async function* recordsOf(
  file: OpenedFile,
  { rows, namesSure }: Kind,
  { contract }: Reading,
  maker: RowMaker,
): AsyncGenerator<Finding> {
  const header = contract?.kind === 'table' ? contract.header : undefined
  const choose = (columns: readonly string[]): number[] => chosenOf(columns, maker.columns.map(columnName), namesSure)
  let any = false
  for await (const row of rows(file, { header, choose })) {
    any = true
    const where = { file: file.name, row: row.row }
    const made = 'reason' in row ? row.reason : maker.record(row.cells)
    yield typeof made === 'string' ? { ...where, ok: false, reason: made } : { ...where, ok: true, record: made }
  }
  if (!any) throw new FileRefused('it holds no rows.')
}

/** Columns that a reason lists. */
const LISTED_MAX = 24

/** @throws FileRefused that says which columns are missing and which are there */
function chosenOf(columns: readonly string[], wanted: readonly string[], namesSure: boolean): number[] {
  const missing = [...new Set(wanted)].filter(name => !columns.includes(name))
  if (missing.length > 0) {
    throw new FileRefused(
      `it has no column ${listed(missing)}; ${presentIn(columns, { wanted, namesSure })}. Rename or add the columns.`,
    )
  }
  const twice = wanted.find(name => columns.indexOf(name) !== columns.lastIndexOf(name))
  if (twice !== undefined) throw new FileRefused(`it has the column ${shownName(twice)} twice. Remove or rename one.`)
  return wanted.map(name => columns.indexOf(name))
}

/** Names only what must be names: the first line of a file without names holds a patient's values, which may look so. */
function presentIn(
  columns: readonly string[],
  { wanted, namesSure }: { wanted: readonly string[]; namesSure: boolean },
): string {
  const names = columns.filter(name => name !== '')
  if (namesSure && names.length > 0) return `it has ${listed(names)}`
  const alike = new Set(wanted.map(plainName))
  const shown = names.filter(name => alike.has(plainName(name)))
  const others = `${shown.length === 0 ? '' : ' and '}${names.length - shown.length} other columns`
  const also = shown.length === names.length && shown.length > 0 ? '' : others
  return `its first line has ${listed(shown)}${also}`
}

/** One name for all ways to write it. */
function plainName(name: string): string {
  return name.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '')
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, LISTED_MAX).map(shownName).join(', ')
  return names.length > LISTED_MAX ? `${shown} and ${names.length - LISTED_MAX} more` : shown
}

async function hashOf(file: OpenedFile): Promise<string> {
  const hash = createHash('sha256')
  for await (const piece of file.stream()) hash.update(piece)
  return hash.digest('hex')
}
