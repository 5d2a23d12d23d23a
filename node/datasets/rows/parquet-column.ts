/**
 * Decodes one column of one row group: its pages one by one by hyparquet, after a look at each page's header and runs, as
 * hyparquet believes what they state. A heap limit alone does not help: V8 ends the whole process, not the thread, where
 * one allocation exceeds it by far. Runs in the decoding thread.
 *
 * @module https://github.com/apache/parquet-format
 */

import { brotliDecompressSync, crc32, gunzipSync } from 'node:zlib'
import type { Compressors, DecodedArray, PageHeader } from 'hyparquet'
import { parquetHeader, readPage } from 'hyparquet/src/column.js'
import { convert, parseDecimal, parseFloat16 } from 'hyparquet/src/convert.js'
import { readVarInt } from 'hyparquet/src/thrift.js'
import { compressors, decompressZstd } from 'hyparquet-compressors'
import { CHUNK_BYTES_MAX } from './limits.ts'
import { type ParquetChunk, type ParquetColumn, ParquetError } from './parquet-footer.ts'
import type { Cell } from './rows.ts'

/** Values of a column: numbers alone, where none is missing, or anything. */
export type ParquetValues = Float64Array | Cell[]

/** Every codec writes into a buffer of the stated length, or stops there. */
const CODECS: Compressors = {
  ...compressors,
  GZIP: (input, length) => gunzipSync(input, { maxOutputLength: Math.max(length, 1) }),
  BROTLI: (input, length) => brotliDecompressSync(input, { maxOutputLength: Math.max(length, 1) }),
  ZSTD: (input, length) => decompressZstd(input, new Uint8Array(length)),
}

/**
 * Decodes a column of `rows` values.
 *
 * @throws ParquetError, and whatever else damaged pages make of the decoder
 */
export function decodeColumn(
  bytes: Uint8Array,
  column: ParquetColumn,
  chunk: ParquetChunk,
  rows: number,
): ParquetValues {
  const element = {
    name: column.name,
    type: column.type,
    type_length: column.typeBytes,
    repetition_type: column.optional ? ('OPTIONAL' as const) : ('REQUIRED' as const),
  }
  const root = { name: 'root', num_children: 1 }
  const leaf = { element, children: [], count: 1, path: [column.name] }
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  const of = {
    pathInSchema: [column.name],
    type: column.type,
    // without what it means: every value is interpreted below, and none by a rule that is not written here
    element,
    schemaPath: [{ element: root, children: [leaf], count: 2, path: [] }, leaf],
    codec: 'UNCOMPRESSED',
    utf8: column.meaning === 'text',
    parsers: { stringFromBytes: (value: Uint8Array) => decodedText(decoder, value) },
  } as unknown as ColumnDecoder
  const data: DecodedArray[] = []
  let dictionary: DecodedArray | undefined
  for (const page of pagesOf(bytes, column, chunk.codec, rows)) {
    const reader = { view: viewOf(page.bytes), offset: 0 }
    const { data: values } = readPage(reader, page.header, of, dictionary, undefined, 0)
    if (page.header.type === 'DICTIONARY_PAGE') dictionary = convert(values!, of)
    else data.push(values!)
  }
  return cellsOf(data, column, rows)
}

type ColumnDecoder = Parameters<typeof readPage>[2]

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength)
}

function cellsOf(data: DecodedArray[], column: ParquetColumn, rows: number): ParquetValues {
  if (data.reduce((sum, { length }) => sum + length, 0) !== rows) throw damagedParquet('a column has too few values')
  const interpret = INTERPRETERS[column.meaning](column)
  const cells = new Array<Cell>(rows)
  let numbers = true
  let characters = 0
  let at = 0
  for (const piece of data) {
    for (const value of piece) {
      const cell = value === null ? null : interpret(value)
      if (typeof cell === 'string') characters += cell.length
      if (characters > CHUNK_BYTES_MAX) throw tooLarge(column.name)
      numbers &&= typeof cell === 'number'
      cells[at++] = cell
    }
  }
  return numbers ? Float64Array.from(cells as number[]) : cells
}

type Interpreter = (value: unknown) => Cell

const INTERPRETERS: Readonly<Record<ParquetColumn['meaning'], (column: ParquetColumn) => Interpreter>> = {
  'as stored': () => value => storedCell(value),
  text: () => value => {
    if (typeof value !== 'string') throw damagedParquet('a value is no text')
    return value
  },
  unsigned: () => value => {
    if (typeof value === 'bigint') return storedCell(BigInt.asUintN(64, value))
    return (storedCell(value) as number) >>> 0
  },
  decimal: ({ scale }) => {
    const unit = 10 ** scale
    return value => (value instanceof Uint8Array ? parseDecimal(value) : Number(storedCell(value))) / unit
  },
  half: () => value => {
    if (!(value instanceof Uint8Array)) throw damagedParquet('a value has the wrong type')
    return storedCell(parseFloat16(value))
  },
}

/** Whole numbers beyond 2^53 become texts, so that two of them that differ stay two. */
function storedCell(value: unknown): Cell {
  if (typeof value === 'number' || typeof value === 'boolean') return value
  // an index beyond the end of the dictionary
  if (typeof value !== 'bigint') throw damagedParquet('a value is not in its dictionary')
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : String(value)
}

/** Strict UTF-8; hyparquet asks once for each text of a dictionary. */
function decodedText(decoder: InstanceType<typeof TextDecoder>, bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch {
    throw new ParquetError('it holds a text that is not in UTF-8. Write texts in UTF-8.')
  }
}

/** Not DELTA_BYTE_ARRAY: a few bytes of it may state texts of any length. */
const ENCODINGS: readonly (string | undefined)[] = [
  'PLAIN',
  'PLAIN_DICTIONARY',
  'RLE_DICTIONARY',
  'RLE',
  'BYTE_STREAM_SPLIT',
  'DELTA_BINARY_PACKED',
  'DELTA_LENGTH_BYTE_ARRAY',
]

interface Page {
  /** as if the page were stored without compression */
  readonly header: PageHeader
  readonly bytes: Uint8Array
}

/** The pages of a column, decompressed one by one. @throws ParquetError when they state more than there is */
function* pagesOf(bytes: Uint8Array, column: ParquetColumn, codec: string, rows: number): Generator<Page> {
  const reader = { view: viewOf(bytes), offset: 0 }
  let [values, inflated] = [0, 0]
  let dictionary = false
  while (values < rows) {
    if (reader.offset >= bytes.length) throw damagedParquet('a column ends before its last page')
    const header = parquetHeader(reader)
    const { compressed_page_size: stored, uncompressed_page_size: size } = header
    if (!(stored >= 0 && size >= 0 && reader.offset + stored <= bytes.length)) {
      throw damagedParquet('a page goes beyond its column')
    }
    inflated += size
    if (inflated > CHUNK_BYTES_MAX) throw tooLarge(column.name)
    const page = bytes.subarray(reader.offset, reader.offset + stored)
    checkSum(page, header)
    reader.offset += stored
    if (header.type === 'DICTIONARY_PAGE') {
      const count = header.dictionary_page_header?.num_values ?? -1
      if (dictionary || !(count >= 0 && count <= size * 8)) {
        throw damagedParquet('a dictionary has more values than bytes')
      }
      dictionary = true
      yield inflatedPage(page, header, codec)
    } else {
      values += checkDataPage(header, column, { dictionary, left: rows - values })
      const plain = inflatedPage(page, header, codec)
      checkRuns(plain, column)
      yield plain
    }
  }
}

function inflatedPage(page: Uint8Array, header: PageHeader, codec: string): Page {
  const { data_page_header_v2: v2, uncompressed_page_size: size } = header
  const levels = v2 === undefined ? 0 : v2.definition_levels_byte_length + v2.repetition_levels_byte_length
  if (levels > size) throw damagedParquet('a page states other levels than it has')
  const compressed = v2?.is_compressed !== false && codec !== 'UNCOMPRESSED' && size > levels
  // no values may be stored as an empty stream of the codec
  const values = size > levels ? page.subarray(levels) : new Uint8Array()
  const inflated = compressed ? decompressed(values, size - levels, codec) : values
  if (inflated.length !== size - levels) throw damagedParquet('a page has another length than it states')
  // a copy of its own: no value of a page may reach into the bytes of another
  const bytes = new Uint8Array(size)
  bytes.set(page.subarray(0, levels))
  bytes.set(inflated, levels)
  const plain = { ...header, compressed_page_size: size }
  return {
    header: v2 === undefined ? plain : { ...plain, data_page_header_v2: { ...v2, is_compressed: false } },
    bytes,
  }
}

function decompressed(bytes: Uint8Array, length: number, codec: string): Uint8Array {
  const decompress = CODECS[codec as keyof Compressors]
  if (decompress === undefined)
    throw new ParquetError(`it is compressed by ${codec}. Write it with snappy, gzip or zstd.`)
  return decompress(bytes, length)
}

/** Checks the runs of levels and of indices: a run of a few bytes may state billions of values. */
function checkRuns({ header, bytes }: Page, { optional, type }: ParquetColumn): void {
  const { data_page_header: v1, data_page_header_v2: v2 } = header
  const { num_values: count, encoding } = (v1 ?? v2)!
  let at = v2?.repetition_levels_byte_length ?? 0
  let present = count - (v2?.num_nulls ?? 0)
  if (optional) {
    const length = v2?.definition_levels_byte_length ?? viewOf(bytes).getUint32(0, true)
    at += v2 === undefined ? 4 : 0
    const { left, ones } = checkHybrid(bytes.subarray(at, at + length), 1, count)
    if (left > 0) throw damagedParquet('a page has fewer levels than values')
    if (v2 === undefined) present = ones
    at += length
  }
  if (encoding === 'RLE') checkHybrid(bytes.subarray(at + 4), 1, present)
  else if (encoding.endsWith('_DICTIONARY') && type !== 'BOOLEAN' && at < bytes.length) {
    const width = bytes[at]!
    if (width > 32) throw damagedParquet('an index has more than 32 bits')
    if (width > 0) checkHybrid(bytes.subarray(at + 1), width, present)
  }
}

/**
 * Goes through the runs of the hybrid of run lengths and bit packing as far as the decoder does.
 *
 * @returns how many of `count` values are left when the bytes end; how many are 1, for a width of 1
 */
function checkHybrid(bytes: Uint8Array, width: number, count: number): { left: number; ones: number } {
  const reader = { view: viewOf(bytes), offset: 0 }
  let [left, ones] = [count, 0]
  while (left > 0 && reader.offset < bytes.length) {
    const head = readVarInt(reader) >>> 0
    const packed = (head & 1) === 1
    const values = packed ? (head >>> 1) * 8 : head >>> 1
    // a packed run is filled up to a multiple of 8 values
    if (values > left + (packed ? 7 : 0)) throw damagedParquet('a run has more values than its page')
    for (let value = 0; value < Math.min(values, left); value++) {
      if (width > 1) break
      ones += packed ? ((bytes[reader.offset + (value >> 3)] ?? 0) >> (value & 7)) & 1 : (bytes[reader.offset] ?? 0) & 1
    }
    reader.offset += packed ? (head >>> 1) * width : (width + 7) >> 3
    left -= values
  }
  return { left, ones }
}

function checkDataPage(
  header: PageHeader,
  { type, name, optional }: ParquetColumn,
  { dictionary, left }: { dictionary: boolean; left: number },
): number {
  const page = header.data_page_header ?? header.data_page_header_v2
  const expected = header.data_page_header === undefined ? 'DATA_PAGE_V2' : 'DATA_PAGE'
  if (page === undefined || header.type !== expected) throw damagedParquet('a page has an unknown type')
  const { num_values: count, encoding } = page
  if (!(count >= 0 && count <= left)) throw damagedParquet('a column has more or fewer values than rows')
  if (!ENCODINGS.includes(encoding) || (encoding === 'RLE' && type !== 'BOOLEAN')) throw otherEncoding(name)
  if (encoding.endsWith('_DICTIONARY') && !dictionary) throw damagedParquet('a dictionary is missing')
  if (header.data_page_header !== undefined) {
    // a column that has a value in every row has no levels, whatever their encoding is said to be
    if (optional && header.data_page_header.definition_level_encoding !== 'RLE') throw otherEncoding(name)
  } else checkLevels(header, optional)
  return count
}

function checkLevels({ data_page_header_v2: page, compressed_page_size: stored }: PageHeader, optional: boolean): void {
  const { num_values: values, num_rows: rows, num_nulls: nulls } = page!
  const [definitions, repetitions] = [page!.definition_levels_byte_length, page!.repetition_levels_byte_length]
  // some writers give a column without repetitions their levels nevertheless
  const levels =
    definitions >= 0 && repetitions >= 0 && definitions + repetitions <= stored && (optional || definitions === 0)
  if (!levels || rows !== values || !(nulls >= 0 && nulls <= values))
    throw damagedParquet('a page states other levels than it has')
}

function checkSum(bytes: Uint8Array, { crc }: PageHeader): void {
  if (crc !== undefined && crc32(bytes) !== crc >>> 0)
    throw damagedParquet('the CRC-32 of a page is not the one that it states')
}

function damagedParquet(what: string): ParquetError {
  return new ParquetError(`it is damaged: ${what}. Copy it again, or write it again.`)
}

function otherEncoding(name: string): ParquetError {
  return new ParquetError(
    `its column ${JSON.stringify(name.slice(0, 80))} has an encoding that is not read. Write it again by pyarrow's defaults.`,
  )
}

function tooLarge(name: string): ParquetError {
  return new ParquetError(
    `a row group has more than ${CHUNK_BYTES_MAX} bytes in the column ${JSON.stringify(name.slice(0, 80))}. ` +
      'Write smaller row groups (pyarrow: row_group_size=10000).',
  )
}
