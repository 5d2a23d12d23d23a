/**
 * What a Parquet file's footer says of its columns and row groups, as far as rows need it. Runs in the decoding thread:
 * a footer of 8 MiB may state lists that fill its heap.
 *
 * @module https://github.com/apache/parquet-format
 */

import { type FileMetaData, parquetMetadata, parquetSchema, type SchemaElement, type SchemaTree } from 'hyparquet'
import { FILE_COLUMNS_MAX, GROUP_ROWS_MAX, PARQUET_ROWS_MAX, ROW_GROUPS_MAX } from './limits.ts'

/** What the stored values of a column mean. */
export type ParquetMeaning = 'as stored' | 'text' | 'unsigned' | 'decimal' | 'half'

export interface ParquetColumn {
  readonly name: string
  /** why its values are not read, after the column's name; null: they are */
  readonly refusal: string | null
  readonly meaning: ParquetMeaning
  /** whether nothing says that its bytes are a text: they are one if they are UTF-8 */
  readonly perhapsText: boolean
  /** the stored values are whole numbers of 10^−scale, where they are decimals */
  readonly scale: number
  readonly type: NonNullable<SchemaElement['type']>
  /** bytes of a value of fixed length */
  readonly typeBytes: number | undefined
  readonly optional: boolean
}

/** One column of one row group. */
export interface ParquetChunk {
  readonly start: number
  readonly bytes: number
  readonly inflatedBytes: number
  readonly codec: string
}

export interface ParquetFooter {
  readonly columns: readonly ParquetColumn[]
  /** `chunks` has one entry for each column; null: the column is nested */
  readonly groups: readonly { readonly rows: number; readonly chunks: readonly (ParquetChunk | null)[] }[]
}

/** Why a Parquet file cannot be read; the sentence quotes no cell. */
export class ParquetError extends Error {}

/**
 * Reads a footer. @param bytes the footer with the 8 bytes that end the file
 *
 * @throws ParquetError, and whatever else a damaged footer makes of it
 */
export function readFooter(bytes: Uint8Array): ParquetFooter {
  const metadata = parquetMetadata(bytes, { geoparquet: false })
  const tops = parquetSchema(metadata).children
  if (tops.length > FILE_COLUMNS_MAX)
    throw new ParquetError(`it has more than ${FILE_COLUMNS_MAX} columns. Write fewer.`)
  if (metadata.row_groups.length > ROW_GROUPS_MAX) {
    throw new ParquetError(`it has more than ${ROW_GROUPS_MAX} row groups. Write larger ones.`)
  }
  let leaf = 0
  const leaves = tops.map(top => {
    const first = leaf
    leaf += leavesOf(top)
    return first
  })
  const columns = tops.map(columnOf)
  const groups = metadata.row_groups.map(group => {
    const rows = Number(group.num_rows)
    if (!(rows >= 0 && rows <= GROUP_ROWS_MAX)) {
      const hint = 'Write smaller row groups (pyarrow: row_group_size=100000).'
      throw new ParquetError(`a row group has ${rows} rows, more than ${GROUP_ROWS_MAX}. ${hint}`)
    }
    return { rows, chunks: tops.map((top, at) => (top.children.length > 0 ? null : chunkOf(group, leaves[at]!, top))) }
  })
  if (groups.reduce((sum, { rows }) => sum + rows, 0) > PARQUET_ROWS_MAX) {
    throw new ParquetError(`it has more than ${PARQUET_ROWS_MAX} rows. Split it.`)
  }
  return { columns, groups }
}

function leavesOf({ children }: SchemaTree): number {
  return children.length === 0 ? 1 : children.reduce((sum, child) => sum + leavesOf(child), 0)
}

function chunkOf({ columns }: FileMetaData['row_groups'][number], leaf: number, { element }: SchemaTree): ParquetChunk {
  const { meta_data: data, file_path: path, crypto_metadata: crypto } = columns[leaf]!
  if (path !== undefined) throw new ParquetError('its columns are in other files. Write one file.')
  if (data === undefined || crypto !== undefined)
    throw new ParquetError('it is encrypted. Write it without encryption.')
  if (data.path_in_schema.length !== 1 || data.path_in_schema[0] !== element.name || data.type !== element.type) {
    throw new ParquetError('it is damaged: a column is not the one that its schema names. Write it again.')
  }
  const start = Number(data.dictionary_page_offset || data.data_page_offset)
  const bytes = Number(data.total_compressed_size)
  const inflatedBytes = Number(data.total_uncompressed_size)
  return { start, bytes, inflatedBytes, codec: data.codec }
}

function columnOf({ element, children }: SchemaTree): ParquetColumn {
  const [meaning, refusal] = children.length > 0 ? NESTED : meaningOf(element)
  return {
    name: element.name,
    meaning,
    perhapsText: meaning === 'text' && element.converted_type === undefined && element.logical_type === undefined,
    refusal,
    scale: scaleOf(element),
    type: element.type ?? 'BYTE_ARRAY',
    typeBytes: element.type_length,
    optional: element.repetition_type !== 'REQUIRED',
  }
}

type Meaning = [ParquetMeaning, refusal: string | null]

const NESTED: Meaning = ['as stored', 'holds lists or structures; write a column of single values']
/** Digits of a decimal that a float64 holds exactly. */
const DECIMAL_DIGITS_MAX = 15

/** Old files state what values mean by a converted type alone, new ones may state a logical type alone. */
function meaningOf(element: SchemaElement): Meaning {
  const { type, converted_type: converted, logical_type: logical, repetition_type: repetition } = element
  const annotation = logical?.type ?? converted
  if (repetition === 'REPEATED') return NESTED
  if (type === 'INT96' || /^(?:DATE|TIME|INTERVAL)/.test(annotation ?? '')) {
    return ['as stored', `holds dates or times (${annotation ?? type}); write them as numbers or as texts`]
  }
  if (annotation === 'DECIMAL') return decimalMeaning(element)
  if (annotation === 'FLOAT16') return ['half', null]
  if (type === 'BYTE_ARRAY' && TEXTS.includes(annotation)) return ['text', null]
  if (type === 'BYTE_ARRAY' || type === 'FIXED_LEN_BYTE_ARRAY' || !PLAIN.test(annotation ?? '')) {
    return ['as stored', `holds values of the type ${annotation ?? type}; write them as numbers or as texts`]
  }
  const unsigned = logical?.type === 'INTEGER' ? !logical.isSigned : converted?.startsWith('UINT')
  return [unsigned ? 'unsigned' : 'as stored', null]
}

const TEXTS: readonly (string | undefined)[] = ['STRING', 'UTF8', 'ENUM', undefined]
const PLAIN = /^(?:INTEGER|U?INT_\d+|)$/

function decimalMeaning(element: SchemaElement): Meaning {
  const { precision, scale } = { ...element, ...(element.logical_type as object | undefined) } as SchemaElement
  const fits = (precision ?? 99) <= DECIMAL_DIGITS_MAX && (scale ?? 0) >= 0 && (scale ?? 0) <= DECIMAL_DIGITS_MAX
  if (fits) return ['decimal', null]
  return ['as stored', `holds decimals of more than ${DECIMAL_DIGITS_MAX} digits; write them as float64 or as texts`]
}

function scaleOf(element: SchemaElement): number {
  const { logical_type: logical } = element
  return (logical?.type === 'DECIMAL' ? logical.scale : element.scale) ?? 0
}
