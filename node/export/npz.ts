/** Named tensors as a NumPy .npz archive, not compressed. @module https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html */

import { type Zippable, zipSync } from 'fflate'
import { littleEndian } from './little-endian.ts'
import type { NamedTensor } from './named-tensors.ts'

const MAGIC = '\u0093NUMPY\u0001\u0000'
/** Of a header with its magic and length. */
const ALIGNMENT = 64
/** Of every file in the archive, in local time, as zip has it: the earliest that zip knows. */
const MODIFIED = [1980, 0, 1] as const

/**
 * The bytes of an archive; the same tensors and metadata give the same bytes.
 *
 * @param metadata text, as JSON in the array `metadata` of bytes
 */
export function encodeNpz(tensors: readonly NamedTensor[], metadata: Readonly<Record<string, string>>): Uint8Array {
  const words = new TextEncoder().encode(JSON.stringify(metadata))
  const files: Zippable = {}
  for (const { name, shape, values } of tensors) {
    files[`${name}.npy`] = npy({ descr: '<f4', shape, bytes: littleEndian(values) })
  }
  files['metadata.npy'] = npy({ descr: '|u1', shape: [words.length], bytes: words })
  return zipSync(files, { level: 0, mtime: new Date(...MODIFIED) })
}

function npy({ descr, shape, bytes }: { descr: string; shape: readonly number[]; bytes: Uint8Array }): Uint8Array {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }`
  const before = MAGIC.length + 2
  const length = Math.ceil((before + text.length + 1) / ALIGNMENT) * ALIGNMENT - before
  const header = Buffer.alloc(before + length, ' ')
  header.write(MAGIC, 'latin1')
  header.writeUInt16LE(length, MAGIC.length)
  header.write(text, before, 'latin1')
  header[header.length - 1] = 0x0a
  return new Uint8Array(Buffer.concat([header, bytes]))
}
