/** Parquet files written by the tests, part by part, so that each can lie about one thing. @module */

import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib'

export const TYPE = { boolean: 0, int32: 1, int64: 2, int96: 3, float: 4, double: 5, bytes: 6, fixed: 7 } as const
export const CODEC = { none: 0, snappy: 1, gzip: 2, brotli: 4, zstd: 6, lz4: 7 } as const
export const CONVERTED = { utf8: 0, list: 3, decimal: 5, date: 6, timestampMillis: 9, uint32: 13, uint64: 14 } as const

type Scalar = number | bigint | string | boolean | Uint8Array

export interface WrittenColumn {
  readonly name: string
  readonly type: (typeof TYPE)[keyof typeof TYPE]
  /** null only where optional */
  readonly values: readonly (Scalar | null)[]
  readonly optional?: boolean
  readonly dictionary?: boolean
  readonly converted?: number
  readonly scale?: number
  readonly precision?: number
  readonly typeBytes?: number
  /** overrides: what the file states, and not what is so */
  readonly lies?: {
    pageValues?: number
    pageBytes?: number
    crc?: number
    chunkValues?: number
    inflated?: number
    start?: number
    encoding?: number
    levelEncoding?: number
    page?: Uint8Array
    stored?: Uint8Array
  }
}

export interface WrittenFile {
  /** one list of columns a row group */
  readonly groups: readonly (readonly WrittenColumn[])[]
  readonly codec?: (typeof CODEC)[keyof typeof CODEC]
  readonly lies?: { rows?: number; footerBytes?: number; footer?: Uint8Array }
  /** nested columns beside them: name of a list of numbers */
  readonly list?: string
}

type Field = [id: number, type: 'i32' | 'i64' | 'bytes' | 'list' | 'struct' | 'bool', value: unknown]
const CODES = { bool: 1, i32: 5, i64: 6, bytes: 8, list: 9, struct: 12 } as const

function varint(value: number | bigint): Buffer {
  const bytes: number[] = []
  let left = BigInt(value)
  do {
    const low = Number(left & 0x7fn)
    left >>= 7n
    bytes.push(left > 0n ? low | 0x80 : low)
  } while (left > 0n)
  return Buffer.from(bytes)
}

const zigzag = (value: number | bigint): Buffer =>
  varint(BigInt(value) >= 0n ? BigInt(value) * 2n : -BigInt(value) * 2n - 1n)

/** A struct of Thrift's compact protocol. */
export function struct(fields: readonly Field[]): Buffer {
  let last = 0
  const parts = fields.flatMap(([id, type, value]) => {
    const code = type === 'bool' && value === false ? 2 : CODES[type]
    const head = Buffer.from([((id - last) << 4) | code])
    last = id
    return type === 'bool' ? [head] : [head, element(type, value)]
  })
  return Buffer.concat([...parts, Buffer.from([0])])
}

function element(type: Field[1], value: unknown): Buffer {
  if (type === 'i32' || type === 'i64') return zigzag(value as number)
  if (type === 'struct') return value as Buffer
  if (type === 'bytes') {
    const bytes = Buffer.from(value as string)
    return Buffer.concat([varint(bytes.length), bytes])
  }
  const [inner, items] = value as [Field[1], unknown[]]
  const head = Buffer.concat([Buffer.from([0xf0 | CODES[inner]]), varint(items.length)])
  return Buffer.concat([head, ...items.map(item => element(inner, item))])
}

/** PLAIN. */
function plain(type: number, values: readonly Scalar[]): Buffer {
  if (type === TYPE.boolean) {
    const bits = Buffer.alloc(Math.ceil(values.length / 8))
    values.forEach((value, at) => {
      if (value) bits[at >> 3]! |= 1 << (at & 7)
    })
    return bits
  }
  return Buffer.concat(
    values.map(value => {
      if (type === TYPE.fixed || type === TYPE.int96) return Buffer.from(value as Uint8Array)
      if (type === TYPE.bytes) {
        const bytes = Buffer.from(value as string)
        const head = Buffer.alloc(4)
        head.writeUInt32LE(bytes.length)
        return Buffer.concat([head, bytes])
      }
      const bytes = Buffer.alloc(type === TYPE.int32 || type === TYPE.float ? 4 : 8)
      if (type === TYPE.int32) bytes.writeInt32LE(Number(value) | 0)
      else if (type === TYPE.int64) bytes.writeBigInt64LE(BigInt.asIntN(64, BigInt(value as bigint)))
      else if (type === TYPE.float) bytes.writeFloatLE(value as number)
      else bytes.writeDoubleLE(value as number)
      return bytes
    }),
  )
}

/** The RLE hybrid, as one bit-packed run. */
function packed(values: readonly number[], bits: number): Buffer {
  const groups = Math.ceil(values.length / 8)
  const bytes = Buffer.alloc(groups * bits)
  values.forEach((value, at) => {
    for (let bit = 0; bit < bits; bit++) {
      const place = at * bits + bit
      if ((value >> bit) & 1) bytes[place >> 3]! |= 1 << (place & 7)
    }
  })
  return Buffer.concat([varint((groups << 1) | 1), bytes])
}

function compress(codec: number, bytes: Buffer): Buffer {
  if (codec === CODEC.gzip) return gzipSync(bytes)
  if (codec === CODEC.brotli) return brotliCompressSync(bytes)
  if (codec === CODEC.zstd) return zstdCompressSync(bytes)
  if (codec === CODEC.snappy) return snappy(bytes)
  return codec === CODEC.lz4 ? lz4(bytes) : bytes
}

/** Literals, and a copy of the run that a test's first bytes begin. */
function snappy(bytes: Buffer): Buffer {
  const parts = [varint(bytes.length)]
  for (let at = 0; at < bytes.length; at += 60) {
    const piece = bytes.subarray(at, at + 60)
    const back = bytes.subarray(at - 60, at)
    if (at >= 60 && piece.length === 60 && piece.equals(back)) parts.push(Buffer.from([(59 << 2) | 2, 60, 0]))
    else parts.push(Buffer.from([(piece.length - 1) << 2]), piece)
  }
  return Buffer.concat(parts)
}

function lz4(bytes: Buffer): Buffer {
  const length: number[] = []
  for (let left = bytes.length - 15; left >= 0; left -= 255) length.push(Math.min(left, 255))
  if (bytes.length >= 15 && length.at(-1) === 255) length.push(0)
  return Buffer.concat([Buffer.from([Math.min(bytes.length, 15) << 4, ...length]), bytes])
}

function page(
  kind: 'data' | 'dictionary',
  content: Buffer,
  count: number,
  encoding: number,
  codec: number,
  lies: WrittenColumn['lies'] = {},
): Buffer {
  const stored = Buffer.from(lies.stored ?? compress(codec, content))
  const counts = struct(
    kind === 'data'
      ? [
          [1, 'i32', lies.pageValues ?? count],
          [2, 'i32', lies.encoding ?? encoding],
          [3, 'i32', lies.levelEncoding ?? 3],
          [4, 'i32', 3],
        ]
      : [
          [1, 'i32', count],
          [2, 'i32', 0],
        ],
  )
  const header = struct([
    [1, 'i32', kind === 'data' ? 0 : 2],
    [2, 'i32', lies.pageBytes ?? content.length],
    [3, 'i32', stored.length],
    ...(lies.crc === undefined ? [] : ([[4, 'i32', lies.crc]] as Field[])),
    [kind === 'data' ? 5 : 7, 'struct', counts],
  ])
  return Buffer.concat([header, stored])
}

function chunk(column: WrittenColumn, codec: number): { pages: Buffer; dictionary: boolean } {
  const present = column.values.filter(value => value !== null)
  const levels = packed(
    column.values.map(value => (value === null ? 0 : 1)),
    1,
  )
  const head = Buffer.alloc(4)
  head.writeUInt32LE(levels.length)
  const prefix = column.optional ? [head, levels] : []
  const { lies } = column
  if (!column.dictionary) {
    const content = lies?.page ?? Buffer.concat([...prefix, plain(column.type, present)])
    return { pages: page('data', Buffer.from(content), column.values.length, 0, codec, lies), dictionary: false }
  }
  const distinct = [...new Set(present)]
  const bits = Math.max(1, 32 - Math.clz32(Math.max(0, distinct.length - 1)))
  const indices = Buffer.concat([
    Buffer.from([bits]),
    packed(
      present.map(value => distinct.indexOf(value)),
      bits,
    ),
  ])
  const dictionary = page('dictionary', plain(column.type, distinct), distinct.length, 0, codec)
  const content = lies?.page ?? Buffer.concat([...prefix, indices])
  const data = page('data', Buffer.from(content), column.values.length, 8, codec, lies)
  return { pages: Buffer.concat([dictionary, data]), dictionary: true }
}

export function parquetFile({ groups, codec = CODEC.none, lies = {}, list }: WrittenFile): Buffer {
  const parts: Buffer[] = [Buffer.from('PAR1')]
  let at = 4
  const rowGroups = groups.map(columns => {
    const chunks = columns.map(column => {
      const { pages } = chunk(column, codec)
      const start = column.lies?.start ?? at
      parts.push(pages)
      at += pages.length
      const data = struct([
        [1, 'i32', column.type],
        [2, 'list', ['i32', [0, 3, 8]]],
        [3, 'list', ['bytes', [column.name]]],
        [4, 'i32', codec],
        [5, 'i64', column.lies?.chunkValues ?? column.values.length],
        [6, 'i64', column.lies?.inflated ?? pages.length],
        [7, 'i64', pages.length],
        [9, 'i64', start],
      ])
      return struct([
        [2, 'i64', start],
        [3, 'struct', data],
      ])
    })
    const rows = lies.rows ?? columns[0]?.values.length ?? 0
    return struct([
      [1, 'list', ['struct', chunks]],
      [2, 'i64', at],
      [3, 'i64', rows],
    ])
  })
  const schema = schemaOf(groups[0] ?? [], list)
  const rows = groups.reduce((sum, group) => sum + (group[0]?.values.length ?? 0), 0)
  const footer =
    lies.footer ??
    struct([
      [1, 'i32', 1],
      [2, 'list', ['struct', schema]],
      [3, 'i64', rows],
      [4, 'list', ['struct', rowGroups]],
    ])
  const length = Buffer.alloc(4)
  length.writeUInt32LE(lies.footerBytes ?? footer.length)
  return Buffer.concat([...parts, footer, length, Buffer.from('PAR1')])
}

function schemaOf(columns: readonly WrittenColumn[], list: string | undefined): Buffer[] {
  return [
    struct([
      [4, 'bytes', 'schema'],
      [5, 'i32', columns.length + (list === undefined ? 0 : 1)],
    ]),
    ...columns.map(({ name, type, optional, converted, scale, precision, typeBytes }) => {
      const rest: [number, 'i32', number | undefined][] = [
        [6, 'i32', converted],
        [7, 'i32', scale],
        [8, 'i32', precision],
      ]
      return struct([
        [1, 'i32', type],
        ...(typeBytes === undefined ? [] : ([[2, 'i32', typeBytes]] as Field[])),
        [3, 'i32', optional ? 1 : 0],
        [4, 'bytes', name],
        ...rest.filter(([, , value]) => value !== undefined),
      ] as Field[])
    }),
    ...(list === undefined
      ? []
      : [
          struct([
            [3, 'i32', 1],
            [4, 'bytes', list],
            [5, 'i32', 1],
            [6, 'i32', CONVERTED.list],
          ]),
          struct([
            [3, 'i32', 2],
            [4, 'bytes', 'list'],
            [5, 'i32', 1],
          ]),
          struct([
            [1, 'i32', TYPE.double],
            [3, 'i32', 1],
            [4, 'bytes', 'element'],
          ]),
        ]),
  ]
}
