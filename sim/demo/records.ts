/**
 * Training and test records of the demonstration: a file's records, or phantoms.
 *
 * @module
 */

import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { unzipSync } from 'fflate'
import { type Dataset, selectRecords } from '../../node/datasets/dataset.ts'
import { integersOf, parseNpy } from '../../node/datasets/npy.ts'
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
  const { shape, classes } = await guessContract(file)
  const read = (split: string): Promise<Dataset> => openDataset(file, { split, shape, classes })
  const [train, test] = [await read('train'), await read('test')]
  return { name: basename(file), synthetic: false, shape, classes, train, test }
}

/**
 * Guesses shape and classes, which a study states, from the file. The reader reports errors of the file.
 */
async function guessContract(file: string): Promise<Pick<Records, 'shape' | 'classes'>> {
  let shape = [PHANTOM_SIDE, PHANTOM_SIDE, 1]
  let count = 2
  try {
    const filter = ({ name }: { name: string }): boolean => /^train_(images|labels)\.npy$/.test(name)
    const found = unzipSync(new Uint8Array(await readFile(file)), { filter })
    const [, ...sides] = parseNpy(found['train_images.npy']!).shape
    const labels = integersOf(parseNpy(found['train_labels.npy']!))
    if (sides.length === 2 || sides.length === 3) shape = sides.length === 2 ? [...sides, 1] : sides
    count = labels.reduce((most, label) => Math.max(most, label + 1), count)
  } catch {
    // the reader reports the error
  }
  const classes = Array.from({ length: count }, (_, label) => `class ${label}`)
  return { shape: shape as [number, number, number], classes }
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
