/**
 * Writes NumPy arrays, and reads the header of one. What is in them is read by the product's own reader.
 *
 * @module NumPy enhancement proposal 1, "A simple file format for NumPy arrays", version 1.0.
 */

import { readFile } from 'node:fs/promises'
import { unzipSync, zipSync } from 'fflate'

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]
/** Data begins at a multiple of this. */
const ALIGNMENT = 64

/** The bytes of a .npy file of unsigned bytes, in C order. */
export function encodeNpy(values: Uint8Array, shape: readonly number[]): Uint8Array {
  if (shape.reduce((product, side) => product * side, 1) !== values.length) {
    throw new RangeError(`${values.length} values do not fill ${shape.join('x')}`)
  }
  const sides = shape.length === 1 ? `${shape[0]},` : shape.join(', ')
  const text = `{'descr': '|u1', 'fortran_order': False, 'shape': (${sides}), }`
  const begin = MAGIC.length + 2
  const total = Math.ceil((begin + text.length + 1) / ALIGNMENT) * ALIGNMENT
  const file = new Uint8Array(total + values.length)
  file.set(MAGIC)
  new DataView(file.buffer).setUint16(MAGIC.length, total - begin, true)
  file.set(Buffer.from(`${text.padEnd(total - begin - 1)}\n`, 'latin1'), begin)
  file.set(values, total)
  return file
}

/** The bytes of an .npz of such arrays, stored as they are. */
export function encodeNpz(arrays: Readonly<Record<string, { values: Uint8Array; shape: readonly number[] }>>): Uint8Array {
  const files = Object.entries(arrays).map(([name, { values, shape }]) => [`${name}.npy`, encodeNpy(values, shape)])
  return zipSync(Object.fromEntries(files), { level: 0 })
}

/**
 * The shape of one array of an .npz, or undefined when there is none that can be told: whoever reads the array for
 * good then says what is wrong.
 */
export async function peekShape(file: string, name: string): Promise<number[] | undefined> {
  try {
    const found = unzipSync(new Uint8Array(await readFile(file)), { filter: entry => entry.name === `${name}.npy` })
    const header = Buffer.from(found[`${name}.npy`]!.subarray(0, 1024)).toString('latin1')
    const sides = /'shape': \(([\d, ]*)\)/.exec(header)?.[1]
    return sides?.split(',').filter(side => side.trim() !== '').map(Number)
  } catch {
    return undefined
  }
}
