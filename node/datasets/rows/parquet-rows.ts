/**
 * Rows of Parquet files: one row group in memory after the other, and of it the columns that are wanted.
 *
 * @module https://github.com/apache/parquet-format
 */

import { FileRefused, type OpenedFile } from '../reader.ts'
import { CHUNK_BYTES_MAX, FOOTER_BYTES_MAX, GROUP_BYTES_MAX, GROUP_CELLS_MAX } from './limits.ts'
import type { ParquetValues } from './parquet-column.ts'
import type { ParquetChunk, ParquetColumn, ParquetFooter } from './parquet-footer.ts'
import { ParquetThread } from './parquet-thread.ts'
import { columnName, type FileRow, type RowsWanted, shownName } from './rows.ts'

const END_BYTES = 8
const SMALLER_GROUPS = 'Write smaller row groups (pyarrow: row_group_size=10000).'
const COPY_AGAIN = 'Copy it again, or write it again.'

/** See `ReadRows`; a Parquet file names its columns itself, so `header` says nothing. */
export async function* parquetRows(file: OpenedFile, { choose }: RowsWanted): AsyncGenerator<FileRow> {
  const bytes = await footerOf(file)
  const thread = new ParquetThread()
  try {
    const footer = await thread.footer(bytes)
    const chosen = chosenColumns(footer, choose)
    let row = 0
    for (const group of footer.groups) {
      const values = await groupValues(file, { thread, footer, chosen, group })
      for (let at = 0; at < group.rows; at++) {
        row++
        yield { row, cells: values.map(column => column[at]!) }
      }
    }
  } finally {
    await thread.close()
  }
}

/** The footer with the length and the mark that end the file. */
async function footerOf(file: OpenedFile): Promise<Uint8Array> {
  const end = Buffer.from(await file.part(Math.max(0, file.bytes - END_BYTES), END_BYTES))
  const mark = end.toString('latin1', 4)
  if (mark === 'PARE') throw new FileRefused('it is encrypted. Write it without encryption.')
  if (end.length !== END_BYTES || mark !== 'PAR1')
    throw new FileRefused(`it is cut short: it has no footer. ${COPY_AGAIN}`)
  const length = end.readUInt32LE(0)
  if (length > FOOTER_BYTES_MAX) {
    throw new FileRefused(
      `its footer has ${length} bytes, more than ${FOOTER_BYTES_MAX}. Write fewer columns and larger row groups.`,
    )
  }
  if (length + END_BYTES + 4 > file.bytes)
    throw new FileRefused(`it is damaged: its footer is longer than the file. ${COPY_AGAIN}`)
  return file.part(file.bytes - END_BYTES - length, length + END_BYTES)
}

function chosenColumns({ columns }: ParquetFooter, choose: RowsWanted['choose']): readonly number[] {
  const chosen = choose(columns.map(({ name }) => columnName(name)))
  if (chosen === null) return [...columns.entries()].filter(([, column]) => isReadable(column)).map(([index]) => index)
  const refused = chosen.find(index => columns[index]!.refusal !== null)
  if (refused === undefined) return chosen
  const { name, refusal } = columns[refused]!
  throw new FileRefused(`its column ${shownName(name)} ${refusal}.`)
}

/** Whether a column can be read that nobody asked for. */
function isReadable({ refusal, perhapsText }: ParquetColumn): boolean {
  return refusal === null && !perhapsText
}

interface Group {
  readonly thread: ParquetThread
  readonly footer: ParquetFooter
  readonly chosen: readonly number[]
  readonly group: ParquetFooter['groups'][number]
}

/** Values of the chosen columns, in their order. */
async function groupValues(file: OpenedFile, { thread, footer, chosen, group }: Group): Promise<ParquetValues[]> {
  const { rows } = group
  if (rows === 0) return []
  const distinct = [...new Set(chosen)]
  const chunks = new Map(distinct.map(index => [index, group.chunks[index] as ParquetChunk]))
  checkSizes([...chunks.values()], rows, file.bytes)
  const decoded = new Map<number, ParquetValues>()
  for (const [index, chunk] of chunks) {
    const bytes = await file.part(chunk.start, chunk.bytes)
    decoded.set(index, await thread.column(bytes, { column: footer.columns[index]!, chunk, rows }))
  }
  return chosen.map(index => decoded.get(index)!)
}

function checkSizes(chunks: readonly ParquetChunk[], rows: number, fileBytes: number): void {
  let total = 0
  for (const { start, bytes, inflatedBytes } of chunks) {
    if (!(start >= 4 && bytes >= 0 && start + bytes <= fileBytes && inflatedBytes >= 0)) {
      throw new FileRefused(`it is damaged: a column lies outside of the file. ${COPY_AGAIN}`)
    }
    if (Math.max(bytes, inflatedBytes) > CHUNK_BYTES_MAX) {
      throw new FileRefused(`a column of a row group has more than ${CHUNK_BYTES_MAX} bytes. ${SMALLER_GROUPS}`)
    }
    total += inflatedBytes
  }
  if (total > GROUP_BYTES_MAX || rows * chunks.length > GROUP_CELLS_MAX) {
    throw new FileRefused(
      `a row group has more than ${GROUP_BYTES_MAX} bytes or ${GROUP_CELLS_MAX} values. ${SMALLER_GROUPS}`,
    )
  }
}
