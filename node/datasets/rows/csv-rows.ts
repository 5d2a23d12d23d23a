/**
 * Rows of CSV and TSV files, by csv-parse, in a stream.
 *
 * The separator: a tab in .tsv and .tab files; elsewhere the first of tab, semicolon and comma that the first line has
 * outside of quotes. Where the contract names the columns of a file without a line of names, it is the first of them
 * that splits the first line into that many fields. Lines end in LF, CRLF or CR; empty lines are no rows.
 *
 * @module RFC 4180, https://www.rfc-editor.org/rfc/rfc4180
 */

import { parse } from 'csv-parse'
import { FileRefused, type OpenedFile } from '../reader.ts'
import { checkCsv } from './csv-check.ts'
import { CSV_ROW_BYTES_MAX } from './limits.ts'
import { columnName, type FileRow, type RowsWanted } from './rows.ts'

const FIRST_LINE_BYTES = 2 ** 16
const SEPARATORS = ['\t', ';', ','] as const
const SEPARATOR_NAMES: Readonly<Record<string, string>> = { '\t': 'tabs', ';': 'semicolons', ',': 'commas' }

/** See `ReadRows`. */
export async function* csvRows(file: OpenedFile, { header, choose }: RowsWanted): AsyncGenerator<FileRow> {
  const delimiter = await separatorOf(file, header?.length)
  await checkCsv(file, delimiter)
  let chosen: readonly number[] | undefined
  let width = 0
  let row = 0
  for await (const fields of fieldsOf(file, delimiter)) {
    if (chosen === undefined) {
      width = fields.length
      chosen = choiceOf(fields, { header, choose }, delimiter)
      if (header === undefined) continue
    }
    row++
    if (fields.length === width) yield { row, cells: chosen.map(index => fields[index]!) }
    else
      yield { row, reason: `it has ${fields.length} columns, and the first row ${width}; quote cells with separators` }
  }
  if (chosen === undefined) throw new FileRefused('it holds no rows')
}

function choiceOf(first: string[], { header, choose }: RowsWanted, delimiter: string): readonly number[] {
  if (header !== undefined && header.length !== first.length) {
    throw new FileRefused(
      `its first row, split at ${SEPARATOR_NAMES[delimiter]}, has ${first.length} columns, and the study names ` +
        `${header.length}. Write the study's columns in its order, without a line of names.`,
    )
  }
  return choose((header ?? first).map(columnName)) ?? first.map((_, index) => index)
}

/** Rows as the parser finds them, those before a fault too: what is read of a file depends on the file alone. */
async function* fieldsOf(file: OpenedFile, delimiter: string): AsyncGenerator<string[]> {
  let found: string[][] = []
  const parser = parse({
    bom: true,
    delimiter,
    // named: the parser would take the first one that it finds for all of them
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_column_count: true,
    skip_empty_lines: true,
    trim: true,
    max_record_size: CSV_ROW_BYTES_MAX,
    on_record: (record: string[]) => {
      found.push(record)
      // the parser's own queue stays empty: it is dropped at a fault
      return null
    },
  })
  // the write that fails gets the error
  parser.on('error', () => {})
  try {
    for await (const piece of file.stream()) {
      const fault = await faultOf(done => parser.write(piece, done))
      yield* found
      found = []
      if (fault !== null) throw refusalOf(fault)
    }
    const fault = await faultOf(done => parser.end(done))
    yield* found
    if (fault !== null) throw refusalOf(fault)
  } finally {
    parser.destroy()
  }
}

type Done = (error?: Error | null) => void

function faultOf(act: (done: Done) => void): Promise<Error | null> {
  return new Promise(resolve => act(error => resolve(error ?? null)))
}

/** The parser's own sentences quote cells, so only its codes are read. */
const PARSER_REASONS: Readonly<Record<string, string>> = {
  CSV_INVALID_CLOSING_QUOTE: 'a quoted cell goes on after its closing quote. Write "" for a quote inside of it',
  CSV_NON_TRIMABLE_CHAR_AFTER_CLOSING_QUOTE:
    'a quoted cell goes on after its closing quote. Write "" for a quote inside of it',
  INVALID_OPENING_QUOTE:
    'a quote stands inside of a cell that is not quoted. Quote the cell and write "" for the quote',
  CSV_QUOTE_NOT_CLOSED: 'a quote is not closed. Close it',
  CSV_MAX_RECORD_SIZE: `a row has more than ${CSV_ROW_BYTES_MAX} bytes. Shorten it`,
}

function refusalOf(error: Error): FileRefused {
  const { code = '', lines } = error as { code?: string; lines?: number }
  const reason = PARSER_REASONS[code] ?? 'there is no row of a CSV file. Write the file again'
  return new FileRefused(`in line ${lines}, ${reason}.`)
}

async function separatorOf({ name, part }: OpenedFile, columns: number | undefined): Promise<string> {
  if (/\.(?:tsv|tab)$/i.test(name)) return '\t'
  const counts = countSeparators(Buffer.from(await part(0, FIRST_LINE_BYTES)).toString('latin1'))
  const fitting = SEPARATORS.find(separator => columns !== undefined && counts[separator] === columns - 1)
  return fitting ?? SEPARATORS.find(separator => counts[separator] > 0) ?? ','
}

/** Separators of the first line that is not empty, outside of quotes. */
function countSeparators(text: string): Record<(typeof SEPARATORS)[number], number> {
  const counts = { '\t': 0, ';': 0, ',': 0 }
  let quoted = false
  let empty = true
  for (const character of text) {
    if (character === '"') quoted = !quoted
    if (quoted) continue
    if (character === '\n' || character === '\r') {
      if (!empty) break
    } else empty = false
    if (character === '\t' || character === ';' || character === ',') counts[character]++
  }
  return counts
}
