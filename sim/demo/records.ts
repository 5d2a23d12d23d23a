/**
 * Training and test records of the demonstration: a file's records, or phantoms.
 *
 * @module
 */

import { basename } from 'node:path'
import { type Dataset, selectRecords } from '../../node/datasets/dataset.ts'
import { describeImages } from '../../node/datasets/npz.ts'
import { openDataset } from '../../node/datasets/open-dataset.ts'
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
  const { shape, classes: count } = await describeImages(file, 'train')
  const classes = Array.from({ length: Math.max(2, count) }, (_, label) => `class ${label}`)
  const read = (split: string): Promise<Dataset> => openDataset(file, { split, shape, classes })
  const [train, test] = [await read('train'), await read('test')]
  return { name: basename(file), synthetic: false, shape, classes, train, test }
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
