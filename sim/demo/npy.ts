/**
 * Writes records as NumPy archives, the format that the product reads.
 *
 * @module NEP 1, "A simple file format for NumPy arrays", version 1.0.
 */

import { zipSync } from 'fflate'

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]
/** The data's offset is a multiple of this. */
const ALIGNMENT = 64

/** Unsigned bytes, or numbers written as little-endian float32, in C order. */
export interface NamedArray {
  readonly values: Uint8Array | Float32Array
  readonly shape: readonly number[]
}

/** The bytes of a .npy file. @throws RangeError when the values do not fill the shape */
export function encodeNpy({ values, shape }: NamedArray): Uint8Array {
  if (shape.reduce((product, side) => product * side, 1) !== values.length) {
    throw new RangeError(`${values.length} values do not fill ${shape.join('x')}`)
  }
  const dtype = values instanceof Uint8Array ? '|u1' : '<f4'
  const sides = shape.length === 1 ? `${shape[0]},` : shape.join(', ')
  const text = `{'descr': '${dtype}', 'fortran_order': False, 'shape': (${sides}), }`
  const begin = MAGIC.length + 2
  const total = Math.ceil((begin + text.length + 1) / ALIGNMENT) * ALIGNMENT
  const file = new Uint8Array(total + values.byteLength)
  file.set(MAGIC)
  const view = new DataView(file.buffer)
  view.setUint16(MAGIC.length, total - begin, true)
  file.set(Buffer.from(`${text.padEnd(total - begin - 1)}\n`, 'latin1'), begin)
  if (values instanceof Uint8Array) file.set(values, total)
  else for (const [at, value] of values.entries()) view.setFloat32(total + 4 * at, value, true)
  return file
}

/** The bytes of an .npz of such arrays, uncompressed. */
export function encodeNpz(arrays: Readonly<Record<string, NamedArray>>): Uint8Array {
  const files = Object.entries(arrays).map(([name, array]) => [`${name}.npy`, encodeNpy(array)])
  return zipSync(Object.fromEntries(files), { level: 0 })
}
