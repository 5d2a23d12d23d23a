/** From what a person's list calls a record to its place in the sample. @module */

/** As `RecordOrigin` of the data sets. */
export interface NamedRecord {
  readonly file: string
  readonly row: number | null
}

/** What a list may call a record: columns, in the order in which they are named in errors. */
export const KEY_COLUMNS = ['file', 'row', 'record'] as const
export type KeyColumn = (typeof KEY_COLUMNS)[number]

export interface RecordFinder {
  /** columns that a list must have, so that a line names one record */
  readonly columns: readonly KeyColumn[]
  /** Index of the record that a line names; null: none of these. @param texts of `columns`, in their order */
  readonly find: (texts: readonly string[]) => number | null
}

/**
 * Finds records by what their source is: files by name, rows of one file by `row` (from 1, without the line of names), rows
 * of several by `file` and `row`, records of an archive of arrays by `record` (from 0).
 *
 * @param isArchive whether the records come from an archive of arrays
 */
export function recordFinder(records: readonly NamedRecord[], isArchive: boolean): RecordFinder {
  const rows = records.some(({ row }) => row !== null)
  const files = new Set(records.map(({ file }) => file))
  const columns: KeyColumn[] = isArchive ? ['record'] : !rows ? ['file'] : files.size > 1 ? ['file', 'row'] : ['row']
  const known = new Map<string, number | null>()
  records.forEach(({ file, row }, index) => {
    const rest = row === null ? '' : `\n${row}`
    known.set(`${columns.includes('file') ? plain(file) : ''}${rest}`, index)
  })
  // a reader is often given files without their folders, as a folder may give the answer away
  const short = new Map<string, number | null>()
  for (const [key, index] of known) {
    const name = lastPart(key)
    short.set(name, short.has(name) ? null : index)
  }
  return {
    columns,
    find: texts => {
      const key = columns
        .map((column, at) => (column === 'file' ? plain(texts[at]!) : `\n${whole(texts[at]!)}`))
        .join('')
      return known.get(key) ?? (columns.includes('file') ? (short.get(key) ?? null) : null)
    },
  }
}

function plain(name: string): string {
  return name
    .normalize()
    .replaceAll('\\', '/')
    .replace(/^(?:\.\/)+/, '')
}

function lastPart(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1)
}

function whole(text: string): string {
  return /^\d{1,15}$/.test(text) ? String(Number(text)) : '-'
}
