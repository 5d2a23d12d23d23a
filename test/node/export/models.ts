/** Models of every preset with random parameters, and what the product says of their records, for tests of exports. @module */

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileSource } from '../../../node/config/data-source.ts'
import type { Dataset } from '../../../node/datasets/dataset.ts'
import { readStudyRecords } from '../../../node/datasets/study-records.ts'
import { passingDoor } from '../../../node/privacy/patient-door.ts'
import type { Backend, Tensor } from '../../../node/training/backend.ts'
import { featuresOnDemand } from '../../../node/training/features.ts'
import { buildModel, setParameters } from '../../../node/training/model.ts'
import { normalise } from '../../../node/training/normaliser.ts'
import { type Checkpoint, deployed, initialCheckpoint } from '../../../protocols/model/checkpoint.ts'
import type { DataContract } from '../../../protocols/study/contracts/list.ts'
import type { StudyDocument } from '../../../protocols/study/types.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'
import { uniforms } from '../training/engines.ts'

const CLASSES = ['no', 'yes', 'maybe']
const IMAGES: DataContract = { kind: 'image', shape: [28, 28, 1], classes: CLASSES }
const COLOURED: DataContract = { kind: 'image', shape: [16, 12, 3], classes: CLASSES }
const SOUNDS: DataContract = {
  ...{ kind: 'sound', shape: [31, 8], classes: CLASSES, rate: 8000, window: 256, hop: 128, level: [-12, 2] },
}
const VECTORS: DataContract = {
  ...{ kind: 'vector', shape: [5], classes: CLASSES },
  bounds: [
    [0, 1],
    [-40, 42.5],
    [1000, 1e6],
    [-1, 0],
    [0.25, 0.5],
  ],
}

const TEXTS: DataContract = {
  ...{ kind: 'text', shape: [64], classes: CLASSES, words: 1, label: 'class', text: 'words' },
}
const ROWS: DataContract = {
  ...{ kind: 'table', shape: [3], classes: CLASSES, label: 'class', absent: ['?'] },
  columns: [
    { name: 'age', type: 'number', low: 0, high: 120, missing: 50 },
    { name: 'sex', type: 'category', values: ['f', 'm'], missing: 'zeros' },
  ],
}

export interface ExportedCase {
  readonly name: string
  readonly document: StudyDocument
  /** of random records; real ones are pixels of this contract */
  readonly low: number
  readonly high: number
}

const mean = { kind: 'mean', noiseMultiplier: 1, norm: 10 } as const
const columns = { kind: 'columns', noiseMultiplier: 1 } as const

function made(name: string, changes: Partial<StudyDocument>, [low, high] = [0, 1]): ExportedCase {
  // the rules of studies are not at issue here
  return { name, document: { ...testStudy(testSigners(4)), ...changes } as StudyDocument, low: low!, high: high! }
}

export const CASES: readonly ExportedCase[] = [
  made('logistic on pixels', { contract: IMAGES, model: { preset: 'logistic' } }),
  made('logistic on columns within bounds', { contract: VECTORS, model: { preset: 'logistic' } }, [-60, 60]),
  made('mlp on normalised columns', {
    ...{ contract: VECTORS, model: { preset: 'mlp', units: [9, 7], activation: 'tanh' }, normalisation: columns },
  }),
  made('logistic on table rows', { contract: ROWS, model: { preset: 'logistic' } }, [-10, 130]),
  made('logistic on hashed words', { contract: TEXTS, model: { preset: 'logistic' } }, [0, 1]),
  made('cnn', { contract: IMAGES, model: { preset: 'cnn', filters: [8, 16], groups: 4 } }),
  made('cnn of standardised filters on normalised colours', {
    contract: COLOURED,
    model: { preset: 'cnn', filters: [6, 4], groups: 2, activation: 'tanh', standardised: true },
    normalisation: columns,
  }),
  made('conv1d', {
    contract: SOUNDS,
    model: { preset: 'conv1d', filters: [6, 4], taps: 5, groups: 2 },
    normalisation: columns,
  }),
  made('conv1d, pooled', {
    contract: SOUNDS,
    model: { preset: 'conv1d', filters: [6], taps: 4, groups: 3, pooled: true },
  }),
  made('scattering', { contract: IMAGES, model: { preset: 'scattering', scales: 2, angles: 8, cell: 7 } }),
  made('scattering centred by the mean of features', {
    ...{ contract: IMAGES, model: { preset: 'scattering', scales: 2, angles: 4, cell: 4 }, normalisation: mean },
  }),
  made('scattering of colours in three scales', {
    ...{ contract: COLOURED, model: { preset: 'scattering', scales: 3, angles: 3, cell: 4 } },
  }),
]

/** A checkpoint of random weights; the average differs from the parameters. */
export function randomCheckpoint(document: StudyDocument, seed: string): Checkpoint {
  const initial = initialCheckpoint(document)
  const random = uniforms(seed)
  const near = (values: Float32Array, width: number) => values.map(value => value + width * (2 * random() - 1))
  const { length } = initial.normalisation
  const isMean = document.normalisation?.kind === 'mean'
  const normalisation = initial.normalisation.map((value, at) => {
    return isMean || at < length / 2 ? value + 0.2 * (2 * random() - 1) : 0.5 + random()
  })
  return { ...initial, round: 7, normalisation, average: near(initial.parameters, 0.2) }
}

/** Random records, a missing value among those of vectors. */
export function randomRecords({ document, low, high }: ExportedCase, count: number): Dataset {
  const { contract } = document
  const size = contract.shape.reduce((product, side) => product * side, 1)
  const random = uniforms(`records ${size}`)
  const inputs = Float32Array.from({ length: count * size }, () => low + (high - low) * random())
  if (contract.kind === 'vector') inputs[1] = Number.NaN
  return { shape: contract.shape, count, inputs, labels: new Int32Array(count) } as unknown as Dataset
}

/** Logits as the product computes them, count × classes. */
export function productLogits({ tf }: Backend, document: StudyDocument, checkpoint: Checkpoint, dataset: Dataset) {
  const { parameters, normalisation } = deployed(checkpoint)
  const model = buildModel(tf, document.model, document.contract)
  setParameters(tf, model, parameters)
  const features = featuresOnDemand(document, dataset)
  const records = features.select(Uint32Array.from({ length: dataset.count }, (_, at) => at)).inputs
  normalise(records, document, normalisation)
  const logits = tf.tidy(() =>
    (model.predict(tf.tensor(records, [dataset.count, ...features.shape])) as Tensor).dataSync(),
  ) as Float32Array
  model.dispose()
  return logits
}

/** The first records of a real archive, or null where there are none on this machine. */
export async function realRecords(contract: DataContract, path: string, count: number): Promise<Dataset | null> {
  const folder = process.env['CONFRERE_DATA']
  if (folder === undefined) return null
  const file = join(folder, path)
  await readFile(file)
  const all = await readStudyRecords(contract, fileSource(file, 'test'), { door: passingDoor(), cache: null })
  return { ...all, count: Math.min(count, all.count) }
}

export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity
  return Array.from(a, (value, at) => Math.abs(value - b[at]!)).reduce((most, each) => (each <= most ? most : each), 0)
}
