/** DICOM files written by the tests, element by element, so that each can lie about one thing. @module */

import dcmjsCodecs from 'dcmjs-codecs'

const { Context, NativeCodecs } = dcmjsCodecs

export type Value = number | string | Uint8Array | readonly Uint8Array[]
/** tag, VR, value; a list of byte strings is a sequence's items */
export type Element = readonly [number, string, Value]

export const SYNTAX = {
  implicit: '1.2.840.10008.1.2',
  explicit: '1.2.840.10008.1.2.1',
  deflated: '1.2.840.10008.1.2.1.99',
  big: '1.2.840.10008.1.2.2',
  rle: '1.2.840.10008.1.2.5',
  baseline: '1.2.840.10008.1.2.4.50',
  process14: '1.2.840.10008.1.2.4.57',
  first: '1.2.840.10008.1.2.4.70',
  jpegLs: '1.2.840.10008.1.2.4.80',
  jpeg2000: '1.2.840.10008.1.2.4.90',
  highThroughput: '1.2.840.10008.1.2.4.201',
} as const

/** Identifiers that no error, log or print may hold. */
export const SECRETS = { name: 'LOVELACE^ADA', patient: 'MRN-4711' }

const LONG = ['OB', 'OW', 'SQ', 'UN', 'UT']

interface Writing {
  readonly implicit?: boolean
  readonly big?: boolean
  /** stated instead of the true one */
  readonly length?: number
}

export function element([tag, vr, value]: Element, { implicit = false, big = false, length }: Writing = {}): Buffer {
  const body = bodyOf(vr, value, big)
  const stated = length ?? body.length
  const long = implicit || LONG.includes(vr)
  const head = Buffer.alloc(implicit ? 8 : long ? 12 : 8)
  const put16 = (word: number, at: number) => (big ? head.writeUInt16BE(word, at) : head.writeUInt16LE(word, at))
  put16(tag >>> 16, 0)
  put16(tag & 0xffff, 2)
  if (!implicit) head.write(vr, 4, 'latin1')
  if (long) big ? head.writeUInt32BE(stated, head.length - 4) : head.writeUInt32LE(stated, head.length - 4)
  else put16(stated, 6)
  return Buffer.concat([head, body])
}

function bodyOf(vr: string, value: Value, big: boolean): Buffer {
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(vr === 'UL' ? 4 : 2)
    if (vr === 'UL') bytes.writeUInt32LE(value)
    else big ? bytes.writeUInt16BE(value & 0xffff) : bytes.writeUInt16LE(value & 0xffff)
    return bytes
  }
  if (typeof value === 'string') return Buffer.from(value.length % 2 === 0 ? value : `${value} `, 'latin1')
  return value instanceof Uint8Array ? Buffer.from(value) : Buffer.concat(value.map(bytes => item(bytes)))
}

export function item(bytes: Uint8Array): Buffer {
  const head = Buffer.from([0xfe, 0xff, 0x00, 0xe0, 0, 0, 0, 0])
  head.writeUInt32LE(bytes.length, 4)
  return Buffer.concat([head, bytes])
}

/** Compressed pixels: an offset table, the pieces, and the end. */
export function encapsulated(pieces: readonly Uint8Array[], offsets: readonly number[] = []): Buffer {
  const table = Buffer.alloc(4 * offsets.length)
  for (const [index, offset] of offsets.entries()) table.writeUInt32LE(offset, 4 * index)
  const even = pieces.map(piece => (piece.length % 2 === 0 ? piece : Buffer.concat([piece, Buffer.alloc(1)])))
  const end = Buffer.from([0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0])
  return Buffer.concat([item(table), ...even.map(item), end])
}

export interface Image {
  readonly rows: number
  readonly columns: number
  readonly samples?: number
  readonly frames?: number
  readonly bitsAllocated?: number
  readonly bitsStored?: number
  readonly highBit?: number
  readonly signed?: boolean
  readonly planar?: boolean
  readonly colour?: string
}

/** The elements of an image's header, with a name and a patient that must not get out. */
export function elementsOf(image: Image, more: readonly Element[] = []): Element[] {
  const { rows, columns, samples = 1, frames = 1, bitsAllocated = 16, bitsStored = bitsAllocated } = image
  const { highBit = bitsStored - 1, signed = false, planar = false, colour = 'MONOCHROME2' } = image
  const elements: Element[] = [
    [0x00080005, 'CS', 'ISO_IR 100'],
    [0x00080060, 'CS', 'CR'],
    [0x00100010, 'PN', SECRETS.name],
    [0x00100020, 'LO', SECRETS.patient],
    [0x00280002, 'US', samples],
    [0x00280004, 'CS', colour],
    [0x00280006, 'US', planar ? 1 : 0],
    [0x00280008, 'IS', String(frames)],
    [0x00280010, 'US', rows],
    [0x00280011, 'US', columns],
    [0x00280100, 'US', bitsAllocated],
    [0x00280101, 'US', bitsStored],
    [0x00280102, 'US', highBit],
    [0x00280103, 'US', signed ? 1 : 0],
  ]
  const replaced = new Set(more.map(([tag]) => tag))
  return [...elements.filter(([tag]) => !replaced.has(tag)), ...more].sort(([a], [b]) => a - b)
}

export function meta(syntax: string): Buffer {
  const body = element([0x00020010, 'UI', syntax.length % 2 === 0 ? syntax : `${syntax}\0`])
  return Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), element([0x00020000, 'UL', body.length]), body])
}

const PIXELS = 0x7fe00010

export interface FileOptions {
  readonly syntax?: string
  readonly more?: readonly Element[]
  /** stated length of the pixels */
  readonly length?: number
  readonly vr?: string
}

/** A whole file; pixels of a compressed syntax must be encapsulated. */
export function dicom(image: Image, pixels: Uint8Array, options: FileOptions = {}): Buffer {
  const { syntax = SYNTAX.explicit, more = [], vr = image.bitsAllocated === 8 ? 'OB' : 'OW' } = options
  const native = ([SYNTAX.implicit, SYNTAX.explicit, SYNTAX.big, SYNTAX.deflated] as string[]).includes(syntax)
  const writing = { implicit: syntax === SYNTAX.implicit, big: syntax === SYNTAX.big }
  const length = options.length ?? (native ? undefined : 0xffffffff)
  const header = elementsOf(image, more).map(one => element(one, writing))
  const last = element([PIXELS, vr, pixels], { ...writing, ...(length === undefined ? {} : { length }) })
  return Buffer.concat([meta(syntax), ...header, last])
}

/** Encodes a frame by the codec of a compressed syntax; lossless except JPEG Baseline. */
export async function encode(syntax: string, image: Image, pixels: Uint8Array): Promise<Uint8Array> {
  if (!NativeCodecs.isInitialized()) await NativeCodecs.initializeAsync()
  const { bitsAllocated = 16, bitsStored = bitsAllocated } = image
  const context = new Context({
    width: image.columns,
    height: image.rows,
    bitsAllocated,
    bitsStored,
    samplesPerPixel: image.samples ?? 1,
    pixelRepresentation: image.signed ? 1 : 0,
    planarConfiguration: image.planar ? 1 : 0,
    photometricInterpretation: image.colour ?? 'MONOCHROME2',
    decodedBuffer: pixels,
  })
  const encoders: Record<string, () => { getEncodedBuffer(): Uint8Array | undefined }> = {
    [SYNTAX.rle]: () => NativeCodecs.encodeRle(context),
    [SYNTAX.baseline]: () => NativeCodecs.encodeJpeg(context, { lossy: true, quality: 95 }),
    [SYNTAX.process14]: () => NativeCodecs.encodeJpeg(context, { lossy: false, predictor: 4 }),
    [SYNTAX.first]: () => NativeCodecs.encodeJpeg(context, { lossy: false, predictor: 1 }),
    [SYNTAX.jpegLs]: () => NativeCodecs.encodeJpegLs(context, { lossy: false }),
    [SYNTAX.jpeg2000]: () => NativeCodecs.encodeJpeg2000(context, { lossy: false }),
    [SYNTAX.highThroughput]: () => NativeCodecs.encodeHtJpeg2000(context, { lossy: false }),
  }
  return encoders[syntax]!().getEncodedBuffer()!
}

/** A smooth picture with some texture: values of `bits` bits, little-endian. */
export function picture({ rows, columns, samples = 1, bitsAllocated = 16, bitsStored = bitsAllocated, signed }: Image) {
  const values = Array.from({ length: rows * columns * samples }, (_, index) => {
    const wave = Math.floor((Math.sin(index / 37) + 1) * 2 ** (bitsStored - 2)) + ((index * 7919) % 13)
    return (wave % 2 ** bitsStored) - (signed ? 2 ** (bitsStored - 1) : 0)
  })
  const words = bitsAllocated === 8 ? Uint8Array.from(values) : Uint16Array.from(values)
  return { values, bytes: new Uint8Array(words.buffer) }
}

/** The hash of the codecs' WebAssembly is pinned: a new version may decode other bits. */
export const WASM_FILE = new URL('dcmjs-native-codecs.wasm', import.meta.resolve('dcmjs-codecs'))
