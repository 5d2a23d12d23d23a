/**
 * Records from a numpy archive (.npz, a zip of .npy arrays), the format of MedMNIST: `train_images`, `train_labels`
 * and so on, or plain `images` and `labels`.
 *
 * @module
 */

import { open } from 'node:fs/promises'
import { unzipSync } from 'fflate'
import { EXIT, OperatorError } from '../errors.ts'
import type { Dataset } from './dataset.ts'
import { integersOf, type NpyArray, NpyError, parseNpy } from './npy.ts'

export const FILE_BYTES_MAX = 2 ** 30
/** What one array may inflate to: a few kilobytes of zip can claim gigabytes. */
export const ARRAY_BYTES_MAX = 2 ** 29
/** Values are held as float32, so half a gibibyte of them. */
export const VALUES_MAX = 2 ** 27

const HEADER_BYTES_SPARE = 1 << 17
const BYTE_MAX = 255

export interface NpzOptions {
  /** such as `train` or `test` */
  split: string
  /** of one record, from the study */
  shape: readonly number[]
  /** names of the classes, from the study; labels are their indices */
  classes: readonly string[]
}

/**
 * Reads one split. uint8 is scaled by 1/255; float32 is taken as it is, and for images must lie in [0, 1]. Images of
 * one channel may leave their last axis out.
 *
 * @throws OperatorError `data-unreadable`, exit code 12, that says which file and array, why, and what to do
 */
export async function readNpz(file: string, { split, shape, classes }: NpzOptions): Promise<Dataset> {
  const bytes = await readFile(file)
  const { records, labels } = readArrays(file, bytes, { split, shape })
  const count = records.array.shape[0] ?? 0
  const inputs = explained(file, records.name, () => inputsOf(records.array, shape))
  const indices = explained(file, labels.name, () => labelsOf(labels.array, { count, classes: classes.length }))
  return { count, shape: [...shape], inputs, labels: indices }
}

/** Turns what is wrong with an array into what is wrong with the file. */
function explained<T>(file: string, name: string, action: () => T): T {
  try {
    return action()
  } catch (cause) {
    if (cause instanceof NpyError) throw unreadable(file, `the array ${name} ${cause.message}`, cause.hint, cause)
    throw cause
  }
}

async function readFile(file: string): Promise<Uint8Array> {
  let size: number | undefined
  try {
    const handle = await open(file)
    try {
      size = (await handle.stat()).size
      if (size <= FILE_BYTES_MAX) return await handle.readFile()
    } finally {
      await handle.close()
    }
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'it is not there' : (cause as Error).message
    throw unreadable(file, reason, 'Check the path of the data in config.toml, and that the file may be read.', cause)
  }
  throw unreadable(file, `it has ${size} bytes, more than ${FILE_BYTES_MAX}`, 'Split it into smaller files.')
}

interface NamedArray {
  name: string
  array: NpyArray
}

function readArrays(
  file: string,
  bytes: Uint8Array,
  { split, shape }: { split: string; shape: readonly number[] },
): { records: NamedArray; labels: NamedArray } {
  const sizes = listArrays(file, bytes)
  const what = shape.length === 1 ? ['vectors', 'images'] : ['images']
  const find = (kinds: string[]): string => {
    const wanted = [...kinds.map(kind => `${split}_${kind}`), ...kinds]
    const name = wanted.find(candidate => sizes.has(candidate))
    if (name !== undefined) return name
    const present = [...sizes.keys()].join(', ') || 'nothing'
    throw unreadable(file, `it has no array ${wanted[0]}; it holds ${present}`, 'Name the split that the file has.')
  }
  const names = { records: find(what), labels: find(['labels']) }
  for (const name of Object.values(names)) {
    const size = sizes.get(name)!
    if (size > ARRAY_BYTES_MAX + HEADER_BYTES_SPARE) {
      const reason = `the array ${name} would take ${size} bytes, more than ${ARRAY_BYTES_MAX}`
      throw unreadable(file, reason, 'Split the data over several hospitals, or use smaller images.')
    }
  }
  const wanted = new Set(Object.values(names).map(name => `${name}.npy`))
  const unzipped = unzip(file, () => unzipSync(bytes, { filter: entry => wanted.has(entry.name) }))
  const named = (name: string): NamedArray => ({
    name,
    array: explained(file, name, () => parseNpy(unzipped[`${name}.npy`]!)),
  })
  return { records: named(names.records), labels: named(names.labels) }
}

/** Names and inflated sizes of the arrays, without inflating any. */
function listArrays(file: string, bytes: Uint8Array): Map<string, number> {
  const sizes = new Map<string, number>()
  unzip(file, () =>
    unzipSync(bytes, {
      filter: ({ name, originalSize }) => {
        if (name.endsWith('.npy')) sizes.set(name.slice(0, -'.npy'.length), originalSize)
        return false
      },
    }),
  )
  return sizes
}

function unzip<T>(file: string, action: () => T): T {
  try {
    return action()
  } catch (cause) {
    throw unreadable(file, 'it is not a whole .npz archive', 'Copy it again, and compare its checksum.', cause)
  }
}

function inputsOf(array: NpyArray, shape: readonly number[]): Float32Array {
  const [count, ...own] = array.shape
  const isImage = shape.length > 1
  const accepted = [shape, ...(isImage && shape.at(-1) === 1 ? [shape.slice(0, -1)] : [])]
  if (!accepted.some(candidate => candidate.join() === own.join())) {
    const expected = `(${['n', ...shape].join(', ')})`
    throw new NpyError(
      `has the shape (${array.shape.join(', ')}) where the study says ${expected}`,
      'Convert the records to the shape that the study fixes.',
    )
  }
  if (!count) throw new NpyError('holds no records', 'Name a split that has some.')
  const values = shape.reduce((product, length) => product * length, count)
  if (values > VALUES_MAX) throw new NpyError(`holds ${values} values, more than ${VALUES_MAX}`, 'Use fewer records.')
  if (array.dtype === '|u1') return Float32Array.from(array.body, byte => byte / BYTE_MAX)
  if (array.dtype !== '<f4') {
    throw new NpyError(
      `has the dtype ${array.dtype}`,
      'Save it after array.astype("uint8") or array.astype("float32").',
    )
  }
  const inputs = new Float32Array(array.body.slice().buffer)
  const bad = inputs.findIndex(value => !(isImage ? value >= 0 && value <= 1 : Number.isFinite(value)))
  if (bad >= 0) {
    const record = Math.floor(bad / (values / count))
    const range = isImage ? 'outside [0, 1]' : 'that is not finite'
    throw new NpyError(
      `has the value ${inputs[bad]} ${range} in record ${record}`,
      isImage ? 'Scale pixels to [0, 1], or save them as uint8.' : 'Remove the record or fill in the value.',
    )
  }
  return inputs
}

function labelsOf(array: NpyArray, { count, classes }: { count: number; classes: number }): Int32Array {
  const { shape } = array
  if (shape[0] !== count || shape.length > 2 || (shape.length === 2 && shape[1] !== 1)) {
    throw new NpyError(
      `has the shape (${shape.join(', ')}) where ${count} records need (${count},) or (${count}, 1)`,
      'Save one class index for each record.',
    )
  }
  const labels = integersOf(array)
  const bad = labels.findIndex(label => label < 0 || label >= classes)
  if (bad >= 0) {
    throw new NpyError(
      `has the label ${labels[bad]} in record ${bad}, and the study's classes are 0 to ${classes - 1}`,
      'Map the labels to the classes of the study.',
    )
  }
  return Int32Array.from(labels)
}

function unreadable(file: string, reason: string, hint: string, cause?: unknown): OperatorError {
  return new OperatorError('data-unreadable', `Cannot read ${file}: ${reason}`, {
    hint,
    exitCode: EXIT.dataUnreadable,
    cause,
  })
}
