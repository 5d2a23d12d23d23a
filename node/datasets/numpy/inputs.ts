/**
 * What the values of an array become as a model's inputs. A value's scale follows from the study and the array's type
 * alone, never from the other values, so that the same pixel is the same number in every record, file and hospital.
 *
 * Pixels (arrays named `images`) become numbers of [0, 1], the contract of every image study:
 *
 * | type                          | becomes        | refused                                                     |
 * |-------------------------------|----------------|-------------------------------------------------------------|
 * | bool                          | 0 or 1         |                                                             |
 * | uint8                         | value / 255    |                                                             |
 * | uint16                        | value / 65535  | when no pixel is above half of 65535                        |
 * | int16, int32, int64, uint32,  | value / 255    | when a pixel is not of 0 to 255, or none is above half of it |
 * | uint64                        |                |                                                             |
 * | int8                          |                | always: it can hold no 8-bit pixel above 127                |
 * | float16, float32, float64     | value          | when a pixel is not of [0, 1] (in an image study)           |
 *
 * The type of 8-bit and 16-bit pixels says what white is; other integers are what programs make of 8-bit pixels, since no
 * image fills 32 or 64 bits. The study does not say what white is where the type does not: pixels of 12 bits in 16, or
 * Hounsfield units, can only be scaled by somebody who knows. An array that looks like those is refused with what to
 * do; once scaled by hand with the same white, it gives the same inputs bit for bit. A refusal says what the study and the
 * array's type allow, and no value of the array: it may get into a log.
 *
 * Columns (arrays named `vectors`) are taken as they are, whatever their type: the study's bounds are in their units.
 *
 * Every input is the float32 nearest to the quotient in float64. Memory holds the values in one or two bytes each where
 * the type or the white says that they fit; they are divided when they are read.
 *
 * @module
 */
import type { Dataset } from '../dataset.ts'
import { isNumeric, NpyError, type NpyHeader } from './npy.ts'

const WHITE_8_BIT = 255
const WHITE_16_BIT = 65535
const FLOAT32_MAX = (2 - 2 ** -23) * 2 ** 127

export interface InputContract {
  /** of one record, from the study */
  readonly shape: readonly number[]
  /** whether the values are pixels or columns */
  readonly pixels: boolean
}

export interface InputReader {
  readonly count: number
  /** Takes the next values, in the order of the file. */
  readonly push: (values: Float64Array) => void
  /** The inputs of all records. @throws NpyError when the values break the contract */
  readonly finish: () => Pick<Dataset, 'inputs' | 'valueBytes'>
}

interface Scale {
  readonly divisor: number
  /** of inputs */
  readonly low: number
  readonly high: number
}

interface Seen {
  /** of all values */
  lowest: number
  highest: number
  /** the record of the first value out of range, or −1 */
  bad: number
  /** whether that value is a number */
  badFinite: boolean
}

/**
 * Prepares to read an array's values.
 *
 * @throws NpyError when the array's type or shape breaks the contract, or it takes the room of more than `valuesMax` float32
 */
export function createInputReader(header: NpyHeader, contract: InputContract, valuesMax: number): InputReader {
  const scale = scaleOf(header, contract)
  const count = countOf(header, contract.shape, valuesMax)
  const size = header.items / count
  const kept = roomFor(header, scale)
  const offsets = header.fortran ? fortranOffsets(header.shape.slice(1)) : null
  const seen: Seen = {
    ...{ lowest: Number.POSITIVE_INFINITY, highest: Number.NEGATIVE_INFINITY },
    ...{ bad: -1, badFinite: true },
  }
  let position = 0
  const push = (values: Float64Array): void => {
    for (const value of values) {
      const at = offsets === null ? position : (position % count) * size + offsets[Math.floor(position / count)]!
      const input = Math.fround(value / scale.divisor)
      if (!(input >= scale.low && input <= scale.high) && seen.bad < 0) {
        seen.bad = Math.floor(at / size)
        seen.badFinite = Number.isFinite(value)
      }
      if (value < seen.lowest) seen.lowest = value
      if (value > seen.highest) seen.highest = value
      kept[at] = kept instanceof Float32Array ? input : value
      position++
    }
  }
  const finish = (): Pick<Dataset, 'inputs' | 'valueBytes'> => {
    if (contract.pixels) requirePixels(header, seen, scale)
    else requireColumns(header, seen)
    if (kept instanceof Float32Array) return { inputs: kept }
    const inputs: Dataset['inputs'] = (record, into) => {
      for (let at = 0; at < size; at++) into[at] = kept[record * size + at]! / scale.divisor
    }
    return { inputs, valueBytes: kept.BYTES_PER_ELEMENT }
  }
  return { count, push, finish }
}

/** Values as they are, where they are small whole numbers in an array that passes the checks; else the inputs. */
function roomFor({ type, items }: NpyHeader, { divisor }: Scale): Uint8Array | Uint16Array | Float32Array {
  if (type.kind === 'bool' || divisor === WHITE_8_BIT) return new Uint8Array(items)
  if (type.kind !== 'unsigned') return new Float32Array(items)
  return type.bytes === 1 ? new Uint8Array(items) : type.bytes === 2 ? new Uint16Array(items) : new Float32Array(items)
}

/**
 * Makes sure that an array holds records of some shape, for a file that no study describes yet.
 *
 * @throws NpyError when it holds text, has fewer than two axes, no records, or takes the room of more than `valuesMax` float32
 */
export function requireRecords(header: NpyHeader, valuesMax: number): void {
  requireNumbers(header.type)
  const { shape } = header
  if (shape.length < 2) {
    throw new NpyError(
      `has the shape (${shape.join(', ')}) where records need an axis of records and axes of their own`,
      'Save one image, or one row of columns, for each record.',
    )
  }
  countOf(header, shape.slice(1), valuesMax)
}

function requireNumbers(type: NpyHeader['type']): void {
  if (!isNumeric(type)) throw new NpyError('holds text where numbers are needed', 'Save an array of numbers instead.')
}

function scaleOf({ type, dtype }: NpyHeader, { pixels, shape }: InputContract): Scale {
  requireNumbers(type)
  const finite = { divisor: 1, low: -FLOAT32_MAX, high: FLOAT32_MAX }
  if (!pixels) return finite
  if (type.kind === 'float') return shape.length > 1 ? { divisor: 1, low: 0, high: 1 } : finite
  if (type.kind === 'bool') return { divisor: 1, low: 0, high: 1 }
  if (type.kind === 'signed' && type.bytes === 1) {
    throw new NpyError(
      `has the dtype ${dtype}, which cannot hold the white of 8-bit pixels`,
      `If these are bytes that wrapped to negative numbers, save array.view("uint8"). Else: ${WINDOW_HINT}`,
    )
  }
  return { divisor: type.kind === 'unsigned' && type.bytes === 2 ? WHITE_16_BIT : WHITE_8_BIT, low: 0, high: 1 }
}

/** Checks the shape before any memory is set aside for it. */
function countOf(
  { shape: [count, ...own], items, type }: NpyHeader,
  shape: readonly number[],
  valuesMax: number,
): number {
  const accepted = [shape, ...(shape.length > 1 && shape.at(-1) === 1 ? [shape.slice(0, -1)] : [])]
  if (count === undefined || !accepted.some(candidate => candidate.join() === own.join())) {
    const found = count === undefined ? '' : [count, ...own].join(', ')
    throw new NpyError(
      `has the shape (${found}) where the study says (${['n', ...shape].join(', ')})`,
      'Convert the records to the shape that the study fixes.',
    )
  }
  if (count === 0) throw new NpyError('holds no records', 'Name a split that has some.')
  const most = valuesMax * valuesInFloat(type)
  if (items > most) throw new NpyError(`holds ${items} values, more than ${most}`, 'Use fewer records.')
  return count
}

/** How many values of a type take the room of a float32: those that are kept as they are, whatever they become. */
function valuesInFloat({ kind, bytes }: NpyHeader['type']): number {
  return kind === 'bool' || kind === 'unsigned' ? Math.max(1, 4 / bytes) : 1
}

/** Where the values of one record go that are stored with the first axis varying fastest. */
function fortranOffsets(shape: readonly number[]): Uint32Array {
  const size = shape.reduce((product, axis) => product * axis, 1)
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, length) => product * length, 1))
  return Uint32Array.from({ length: size }, (_, index) => {
    let [rest, offset] = [index, 0]
    for (const [axis, length] of shape.entries()) {
      offset += (rest % length) * strides[axis]!
      rest = Math.floor(rest / length)
    }
    return offset
  })
}

function requireColumns({ type }: NpyHeader, seen: Seen): void {
  const { lowest, highest } = seen
  if (seen.bad >= 0) throw badColumn(seen)
  if (type.kind === 'float' || Math.max(-lowest, highest) <= Number.MAX_SAFE_INTEGER) return
  throw new NpyError(
    'has integers beyond 2^53, which are not exact numbers here',
    'Check that the column is a measurement and no identifier; save it after array.astype("float64") if it is.',
  )
}

const WINDOW_HINT =
  'Scale to [0, 1] by the lowest and highest value that the study means, the same at every hospital: ' +
  'numpy.clip((array.astype("float64") - LOW) / (HIGH - LOW), 0, 1).astype("float32").'

const WHITE_HINT =
  'Say what white is, the same at every hospital: save (array / WHITE).astype("float32"), where WHITE is 255 for pixels ' +
  'of 8 bits, 1023 for 10, 4095 for 12, 16383 for 14 and 65535 for 16. Save a mask of 0 and 1 as array.astype("bool").'

function requirePixels({ type, dtype }: NpyHeader, { highest, ...seen }: Seen, { divisor, high }: Scale): void {
  if (seen.bad >= 0 && (high !== 1 || !seen.badFinite)) throw badColumn(seen)
  // what can be negative may be no shade at all, such as Hounsfield units
  const hint = type.kind === 'unsigned' ? WHITE_HINT : `${WHITE_HINT} If values can be negative: ${WINDOW_HINT}`
  if (seen.bad >= 0) {
    const range = divisor === 1 ? '[0, 1]' : `0 to ${divisor}`
    throw new NpyError(`has a value outside ${range} in record ${seen.bad}`, hint)
  }
  const sure = type.kind === 'float' || type.kind === 'bool' || (type.kind === 'unsigned' && type.bytes === 1)
  if (sure || highest > divisor / 2) return
  throw new NpyError(`has the dtype ${dtype}, and no value so high that ${divisor} must be its white`, hint)
}

function badColumn({ bad, badFinite }: Pick<Seen, 'bad' | 'badFinite'>): NpyError {
  if (!badFinite) {
    return new NpyError(`has a value that is not finite in record ${bad}`, 'Remove the record or fill in the value.')
  }
  return new NpyError(`has a value in record ${bad} that is beyond float32`, 'Save it in a larger unit.')
}
