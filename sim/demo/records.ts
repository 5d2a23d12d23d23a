/**
 * Training and test records of the demonstration: a file's records, or phantoms.
 *
 * @module
 */

import { basename } from 'node:path'
import { type Dataset, selectRecords } from '../../node/datasets/dataset.ts'
import { inspectDataset, openDataset } from '../../node/datasets/open-dataset.ts'
import { CLASSES_MAX } from '../../protocols/study/limits.ts'
import { encodeNpz } from './npy.ts'
import { drawPhantoms, PHANTOM_CLASSES, PHANTOM_SIDE } from './phantom.ts'

const TRAIN_PHANTOMS = 4000
const TEST_PHANTOMS = 600
const BYTE_MAX = 255

export interface Records {
  /** the file's name, or a name for phantoms */
  readonly name: string
  readonly synthetic: boolean
  /** of one image: height, width, channels */
  readonly shape: readonly [number, number, number]
  readonly classes: readonly string[]
  /** partitioned over the hospitals */
  readonly train: Dataset
  /** as a public test set: no hospital has it */
  readonly test: Dataset
}

/**
 * The splits `train` and `test` of a file, or phantoms when none is given.
 *
 * @throws OperatorError `data-unreadable`, exit code 12
 */
export async function loadRecords(file: string | undefined, seed: number): Promise<Records> {
  return file === undefined ? drawRecords(seed) : await readRecords(file)
}

function drawRecords(seed: number): Records {
  const draw = (count: number, label: string): Dataset => {
    const { values, labels } = drawPhantoms({ count, label })
    const inputs = Float32Array.from(values, byte => byte / BYTE_MAX)
    return { count, shape: [PHANTOM_SIDE, PHANTOM_SIDE, 1], inputs, labels }
  }
  return {
    name: 'synthetic phantoms',
    synthetic: true,
    shape: [PHANTOM_SIDE, PHANTOM_SIDE, 1],
    classes: PHANTOM_CLASSES,
    train: draw(TRAIN_PHANTOMS, `train ${seed}`),
    test: draw(TEST_PHANTOMS, `test ${seed}`),
  }
}

async function readRecords(file: string): Promise<Records> {
  const found = (await inspectDataset(file, 'train')).shape
  const shape = (found.length === 2 ? [...found, 1] : found) as [number, number, number]
  const read = (split: string, names: readonly string[]): Promise<Dataset> =>
    openDataset(file, { split, shape, classes: names })
  // as many classes as the labels need; a study would state them
  const names = Array.from({ length: CLASSES_MAX }, (_, label) => `class ${label}`)
  const train = await read('train', names)
  const count = Array.from(train.labels).reduce((most, label) => Math.max(most, label + 1), 2)
  const classes = names.slice(0, count)
  return { name: basename(file), synthetic: false, shape, classes, train, test: await read('test', classes) }
}

/** One hospital's part as the bytes of an .npz with the split `train`. */
export function encodePart({ train }: Records, part: Uint32Array): Uint8Array {
  const { inputs, labels } = selectRecords(train, part)
  const bytes = Uint8Array.from(inputs, value => Math.round(value * BYTE_MAX))
  const lossless = inputs.every((value, at) => Math.fround(bytes[at]! / BYTE_MAX) === value)
  return encodeNpz({
    train_images: { values: lossless ? bytes : inputs, shape: [part.length, ...train.shape] },
    train_labels: { values: Uint8Array.from(labels), shape: [part.length] },
  })
}
