/**
 * One array in numpy's .npy format, as far as records need it: C order, little-endian numbers, no Python objects (they
 * would be pickled, which is code).
 *
 * @module NEP 1, https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */

import { CodedError } from '../../crypto/errors.ts'

/** Why an array cannot be used: a sentence that follows the array's name, and what to do about it. */
export class NpyError extends CodedError {
  readonly hint: string

  constructor(reason: string, hint: string) {
    super('bad-npy', reason)
    this.hint = hint
  }
}

export interface NpyArray {
  /** numpy's dtype string, one of ITEM_BYTES */
  dtype: Dtype
  shape: number[]
  /** product(shape) items, little-endian; at any offset of its buffer */
  body: Uint8Array
}

const ITEM_BYTES = {
  '|u1': 1,
  '|i1': 1,
  '|b1': 1,
  '<u2': 2,
  '<i2': 2,
  '<u4': 4,
  '<i4': 4,
  '<u8': 8,
  '<i8': 8,
  '<f4': 4,
} as const

export type Dtype = keyof typeof ITEM_BYTES

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59] // \x93NUMPY
const VERSION_OFFSET = 6
const LENGTH_OFFSET = 8
const HEADER_BYTES_MAX = 1 << 16
const SAVE_AGAIN = 'Save the arrays again with numpy.savez_compressed.'

/**
 * Reads the header and finds the body.
 *
 * @throws NpyError when the bytes are not such an array, or their number does not match the header
 */
export function parseNpy(bytes: Uint8Array): NpyArray {
  const { header, start } = splitHeader(bytes)
  const dtype = dtypeOf(header)
  const shape = shapeOf(header)
  if (!/'fortran_order': False/.test(header) && shape.length > 1) {
    throw new NpyError('is in Fortran order', 'Save it after numpy.ascontiguousarray(array).')
  }
  const expected = shape.reduce((product, length) => product * length, ITEM_BYTES[dtype])
  const body = bytes.subarray(start)
  if (body.length !== expected) {
    throw new NpyError(`has ${body.length} bytes where its shape (${shape.join(', ')}) needs ${expected}`, SAVE_AGAIN)
  }
  return { dtype, shape, body }
}

/** The items of an integer array as numbers; exact up to 2^53. */
export function integersOf({ dtype, body }: NpyArray): Float64Array {
  const view = new DataView(body.buffer, body.byteOffset, body.length)
  const read = readerOf(view, dtype)
  const bytes = ITEM_BYTES[dtype]
  return Float64Array.from({ length: body.length / bytes }, (_, index) => read(index * bytes))
}

function readerOf(view: DataView, dtype: Dtype): (offset: number) => number {
  switch (dtype) {
    case '|u1':
    case '|b1':
      return offset => view.getUint8(offset)
    case '|i1':
      return offset => view.getInt8(offset)
    case '<u2':
      return offset => view.getUint16(offset, true)
    case '<i2':
      return offset => view.getInt16(offset, true)
    case '<u4':
      return offset => view.getUint32(offset, true)
    case '<i4':
      return offset => view.getInt32(offset, true)
    case '<u8':
      return offset => Number(view.getBigUint64(offset, true))
    case '<i8':
      return offset => Number(view.getBigInt64(offset, true))
    case '<f4':
      throw new NpyError('holds floating-point numbers, not integers', 'Save it after array.astype("int64").')
  }
}

function splitHeader(bytes: Uint8Array): { header: string; start: number } {
  if (bytes.length < LENGTH_OFFSET + 4 || MAGIC.some((byte, index) => bytes[index] !== byte)) {
    throw new NpyError('is not a numpy array', SAVE_AGAIN)
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const version = bytes[VERSION_OFFSET]!
  if (version < 1 || version > 3) throw new NpyError(`has the unknown format version ${version}`, SAVE_AGAIN)
  const wide = version > 1
  const length = wide ? view.getUint32(LENGTH_OFFSET, true) : view.getUint16(LENGTH_OFFSET, true)
  const from = LENGTH_OFFSET + (wide ? 4 : 2)
  if (length > HEADER_BYTES_MAX || from + length > bytes.length) {
    throw new NpyError('is cut off inside its header', SAVE_AGAIN)
  }
  return { header: new TextDecoder().decode(bytes.subarray(from, from + length)), start: from + length }
}

function dtypeOf(header: string): Dtype {
  const dtype = /'descr': '([^']*)'/.exec(header)?.[1]
  if (dtype !== undefined && Object.hasOwn(ITEM_BYTES, dtype)) return dtype as Dtype
  if (dtype?.includes('O')) {
    throw new NpyError('holds Python objects, which are never loaded', 'Save an array of numbers instead.')
  }
  throw new NpyError(
    dtype === undefined ? 'is a structured array' : `has the dtype ${dtype}`,
    'Save it after array.astype("uint8") or array.astype("float32").',
  )
}

function shapeOf(header: string): number[] {
  const shape = /'shape': \(([\d, ]*)\)/.exec(header)?.[1]
  if (shape === undefined) throw new NpyError('has a header that cannot be read', SAVE_AGAIN)
  return shape.split(',').flatMap(part => (part.trim() === '' ? [] : [Number(part)]))
}
