/**
 * One array in numpy's .npy format, as far as records need it: numbers and text in either byte and axis order, no
 * Python objects (they would be pickled, which is code).
 *
 * @module NEP 1, https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
import { endianness } from 'node:os'
import { CodedError } from '../../../crypto/errors.ts'
import { printable } from '../../../protocols/encoding/printable.ts'

/** Why an array cannot be used: a sentence that follows the array's name, and what to do about it. */
export class NpyError extends CodedError {
  readonly hint: string

  constructor(reason: string, hint: string) {
    super('bad-npy', reason)
    this.hint = hint
  }
}

export interface NpyType {
  /** `text` is UTF-32 (numpy's U), `bytes` is text of one byte a character (S) */
  readonly kind: 'bool' | 'unsigned' | 'signed' | 'float' | 'text' | 'bytes'
  /** of one item */
  readonly bytes: number
  readonly bigEndian: boolean
}

export interface NpyHeader {
  /** numpy's dtype string, such as `<u2` */
  readonly dtype: string
  readonly type: NpyType
  readonly shape: readonly number[]
  /** product(shape) */
  readonly items: number
  /** the first axis varies fastest */
  readonly fortran: boolean
  /** where the body starts */
  readonly start: number
}

export interface NpyArray extends NpyHeader {
  /** the items, one after the other; at any offset of its buffer */
  readonly body: Uint8Array
}

/** Of text: class names have at most 80 characters. */
const TEXT_BYTES_MAX = 1 << 14
const AXES_MAX = 32
const KINDS = { b: 'bool', u: 'unsigned', i: 'signed', f: 'float', U: 'text', S: 'bytes' } as const
const SIZES = { b: [1], u: [1, 2, 4, 8], i: [1, 2, 4, 8], f: [2, 4, 8] } as const

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59] // \x93NUMPY
const VERSION_OFFSET = 6
const LENGTH_OFFSET = 8
const PREFIX_BYTES_MAX = LENGTH_OFFSET + 4
const HEADER_BYTES_MAX = 1 << 16
const SAVE_AGAIN = 'Save the arrays again with numpy.savez_compressed.'

/** What to do about an array that is in a file of its own, where records and their labels are to be together. */
export const SINGLE_ARRAY_HINT =
  'Save records and labels in one file: numpy.savez_compressed("records.npz", train_images=…, train_labels=…), and train_patients=… where the study is about patients.'

/** Whether a file begins as an array in a file of its own does. */
export function isArray(head: Uint8Array): boolean {
  return MAGIC.every((byte, index) => head[index] === byte)
}

/**
 * Reads an array that is in memory as a whole.
 *
 * @throws NpyError when the bytes are not such an array, or their number does not match the header
 */
export function parseNpy(bytes: Uint8Array): NpyArray {
  const header = parseHeader(bytes, bytes.length)
  if (header === null) throw new NpyError('is cut off inside its header', SAVE_AGAIN)
  return { ...header, body: bytes.subarray(header.start) }
}

/**
 * Reads the header of an array.
 *
 * @param bytes  the first bytes of the array
 * @param size   of the whole array, in bytes
 * @returns      null when the header is longer than the bytes given
 * @throws NpyError when this is no array that can be read, or its size does not match the header
 */
export function parseHeader(bytes: Uint8Array, size: number): NpyHeader | null {
  if (MAGIC.some((byte, index) => index < bytes.length && bytes[index] !== byte) || size < PREFIX_BYTES_MAX) {
    throw new NpyError('is not a numpy array', SAVE_AGAIN)
  }
  if (bytes.length < PREFIX_BYTES_MAX) return null
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const version = bytes[VERSION_OFFSET]!
  if (version < 1 || version > 3) throw new NpyError(`has the unknown format version ${version}`, SAVE_AGAIN)
  const wide = version > 1
  const length = wide ? view.getUint32(LENGTH_OFFSET, true) : view.getUint16(LENGTH_OFFSET, true)
  const from = LENGTH_OFFSET + (wide ? 4 : 2)
  const start = from + length
  if (length > HEADER_BYTES_MAX || start > size) throw new NpyError('is cut off inside its header', SAVE_AGAIN)
  if (start > bytes.length) return null
  const { dtype, fortran, shape } = fieldsOf(new TextDecoder().decode(bytes.subarray(from, start)))
  const type = typeOf(dtype)
  const items = shape.reduce((product, axis) => product * axis, 1)
  if (size - start !== items * type.bytes) {
    throw new NpyError(
      `has ${size - start} bytes where its shape (${shape.join(', ')}) needs ${items * type.bytes}`,
      SAVE_AGAIN,
    )
  }
  return { dtype, type, shape, items, fortran: fortran && shape.length > 1, start }
}

/** Whether the items are numbers, truth values among them. */
export function isNumeric({ kind }: NpyType): boolean {
  return kind !== 'text' && kind !== 'bytes'
}

/**
 * Whole items as numbers: exact, but for integers beyond 2^53.
 *
 * @param bytes  of items of a numeric type, at any offset of their buffer
 */
export function numbersOf({ kind, bytes: size, bigEndian }: NpyType, bytes: Uint8Array): Float64Array {
  const { buffer } = swapped(new Uint8Array(bytes), { size, bigEndian })
  switch (`${kind}${size}`) {
    case 'bool1':
      return new Float64Array(new Uint8Array(buffer)).map(value => (value === 0 ? 0 : 1))
    case 'unsigned1':
      return new Float64Array(new Uint8Array(buffer))
    case 'unsigned2':
      return new Float64Array(new Uint16Array(buffer))
    case 'unsigned4':
      return new Float64Array(new Uint32Array(buffer))
    case 'unsigned8':
      return numbersOfBig(new BigUint64Array(buffer))
    case 'signed1':
      return new Float64Array(new Int8Array(buffer))
    case 'signed2':
      return new Float64Array(new Int16Array(buffer))
    case 'signed4':
      return new Float64Array(new Int32Array(buffer))
    case 'signed8':
      return numbersOfBig(new BigInt64Array(buffer))
    case 'float2':
      return new Float64Array(new Uint16Array(buffer)).map(halfPrecision)
    case 'float4':
      return new Float64Array(new Float32Array(buffer))
    case 'float8':
      return new Float64Array(buffer)
    default:
      throw new NpyError('holds text where numbers are needed', 'Save an array of numbers instead.')
  }
}

/** Whole items of a text type, without the zeros that fill them up. */
export function textsOf({ kind, bytes: size, bigEndian }: NpyType, bytes: Uint8Array): string[] {
  const texts: string[] = []
  if (kind === 'bytes') {
    const decoder = new TextDecoder()
    for (let at = 0; at < bytes.length; at += size) texts.push(decoder.decode(bytes.subarray(at, at + size)))
  } else {
    const codes = new Uint32Array(swapped(new Uint8Array(bytes), { size: 4, bigEndian }).buffer)
    const width = size / 4
    for (let at = 0; at < codes.length; at += width) {
      let text = ''
      for (const code of codes.subarray(at, at + width)) text += code > 0x10ffff ? '\ufffd' : String.fromCodePoint(code)
      texts.push(text)
    }
  }
  return texts.map(text => text.replace(/\0+$/, ''))
}

/** Swaps bytes in place where the array's order is not this machine's. */
function swapped(bytes: Uint8Array<ArrayBuffer>, { size, bigEndian }: { size: number; bigEndian: boolean }) {
  if (bigEndian === (endianness() === 'BE')) return bytes
  const buffer = Buffer.from(bytes.buffer)
  if (size === 2) buffer.swap16()
  else if (size === 4) buffer.swap32()
  else if (size === 8) buffer.swap64()
  return bytes
}

function numbersOfBig(values: BigInt64Array | BigUint64Array): Float64Array {
  const numbers = new Float64Array(values.length)
  for (let at = 0; at < values.length; at++) numbers[at] = Number(values[at]!)
  return numbers
}

/** IEEE 754 binary16. */
function halfPrecision(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25)
}

/** numpy writes a Python literal; other writers differ from it in blanks and quotes. */
function fieldsOf(header: string): { dtype: string; fortran: boolean; shape: number[] } {
  const descr = /['"]descr['"]\s*:\s*(?:['"]([^'"]*)['"]|(\[))/.exec(header)
  const fortran = /['"]fortran_order['"]\s*:\s*(True|False)/.exec(header)?.[1]
  const axes = /['"]shape['"]\s*:\s*\(([\dL,\s]*)\)/.exec(header)?.[1]
  if (descr?.[2] !== undefined) {
    throw new NpyError('is a structured array', 'Save its columns as one plain array of numbers.')
  }
  if (descr?.[1] === undefined || fortran === undefined || axes === undefined) {
    throw new NpyError('has a header that cannot be read', SAVE_AGAIN)
  }
  const shape = axes.split(',').flatMap(part => (part.trim() === '' ? [] : [Number(part.trim().replace(/L$/, ''))]))
  const items = shape.reduce((product, axis) => product * Math.max(axis, 1), 1)
  if (shape.length > AXES_MAX || !Number.isSafeInteger(items * TEXT_BYTES_MAX)) {
    throw new NpyError('has a header with an impossible shape', SAVE_AGAIN)
  }
  return { dtype: descr[1], fortran: fortran === 'True', shape }
}

function typeOf(dtype: string): NpyType {
  const [, order, code, digits] = /^([<>|])([a-zA-Z])(\d*)/.exec(dtype) ?? []
  const bigEndian = order === '>'
  if (code === 'O') {
    throw new NpyError(
      'holds Python objects, which are never loaded',
      'Save array.astype("float32") if they are numbers, array.astype("str") if they are class names.',
    )
  }
  if ((code === 'U' || code === 'S') && `${order}${code}${digits}` === dtype) {
    const bytes = Number(digits) * (code === 'U' ? 4 : 1)
    if (bytes > 0 && bytes <= TEXT_BYTES_MAX) return { kind: KINDS[code], bytes, bigEndian }
  }
  if ((code === 'b' || code === 'u' || code === 'i' || code === 'f') && `${order}${code}${digits}` === dtype) {
    const bytes = Number(digits)
    if ((SIZES[code] as readonly number[]).includes(bytes)) return { kind: KINDS[code], bytes, bigEndian }
  }
  const hint = code === 'f' ? 'Save it after array.astype("float64").' : 'Save an array of real numbers instead.'
  throw new NpyError(`has the dtype ${printable(dtype)}, which is not read`, hint)
}
