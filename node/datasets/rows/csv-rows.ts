/**
 * Rows of CSV and TSV files, by csv-parse, in a stream.
 *
 * The separator: a tab in .tsv and .tab files; elsewhere the first of tab, semicolon and comma that the first line has
 * outside of quotes. Where the contract names the columns of a file without a line of names, it is the first of them
 * that splits the first line into that many fields. Lines end in LF, CRLF or CR; empty lines are no rows.
 *
 * @module RFC 4180, https://www.rfc-editor.org/rfc/rfc4180
 */

import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { parse } from 'csv-parse'
import { FileRefused, type OpenedFile } from '../reader.ts'
import { checkCsv } from './csv-check.ts'
import { CSV_ROW_BYTES_MAX } from './limits.ts'
import { columnName, type Row, type RowsWanted } from './rows.ts'

const FIRST_LINE_BYTES = 2 ** 16
const SEPARATORS = ['\t', ';', ','] as const
const SEPARATOR_NAMES: Readonly<Record<string, string>> = { '\t': 'tabs', ';': 'semicolons', ',': 'commas' }

/** See `ReadRows`. */
export async function* csvRows(file: OpenedFile, { header, choose }: RowsWanted): AsyncGenerator<Row> {
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

async function* fieldsOf(file: OpenedFile, delimiter: string): AsyncGenerator<string[]> {
  const parser = parse({
    bom: true,
    delimiter,
    // named: the parser would take the first one that it finds for all of them
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_column_count: true,
    skip_empty_lines: true,
    trim: true,
    max_record_size: CSV_ROW_BYTES_MAX,
  })
  const source = Readable.from(file.stream())
  const piping = pipeline(source, parser)
  // the loop below gets the same error
  piping.catch(() => {})
  try {
    for await (const fields of parser) yield fields as string[]
  } catch (error) {
    throw refusalOf(error)
  } finally {
    source.destroy()
    parser.destroy()
    await piping.catch(() => {})
  }
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

function refusalOf(error: unknown): unknown {
  const { code = '', lines } = error as { code?: string; lines?: number }
  const reason = PARSER_REASONS[code]
  if (reason !== undefined) return new FileRefused(`in line ${lines}, ${reason}.`)
  // a disk's error has a code of its own
  return code.startsWith('CSV_')
    ? new FileRefused(`line ${lines} is no row of a CSV file. Write the file again.`)
    : error
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
