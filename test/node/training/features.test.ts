// Claims of node/training/features.ts: features kept on disk are those in memory, bit for bit; they are computed once,
// whatever stops the node on the way; other records, or another model, are not served old ones; training is the same.

import { mkdtempSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import type { Dataset } from '../../../node/datasets/dataset.ts'
import { loadBackend } from '../../../node/training/backend.ts'
import { createTrainer } from '../../../node/training/data-trainer.ts'
import { featuresOf, featuresOnDemand, keptFeatures } from '../../../node/training/features.ts'
import { initialCheckpoint } from '../../../protocols/model/checkpoint.ts'
import { inputsOf, type WholeDataset } from '../../helpers/inputs.ts'
import { seededRng } from '../../helpers/seeded-rng.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'
import { images } from './engines.ts'

const SIDE = 8
const COUNT = 12
const MODEL = { preset: 'scattering', scales: 1, angles: 4, cell: 4 } as const
const STUDY = testStudy(testSigners(4), { contract: images([SIDE, SIDE, 1]), model: MODEL })

function records(phase = 0): WholeDataset {
  const inputs = Float32Array.from({ length: COUNT * SIDE * SIDE }, (_, at) => (Math.sin(at * at + phase) + 1) / 2)
  return { count: COUNT, shape: [SIDE, SIDE, 1], inputs, labels: Uint8Array.from({ length: COUNT }, (_, i) => i % 3) }
}

const ALL = Uint32Array.from({ length: COUNT }, (_, at) => COUNT - 1 - at)

const freshFile = (): string => join(mkdtempSync(join(tmpdir(), 'features-')), 'features')

/** Opens kept features. @returns them, and the numbers of records whose features were not there */
function keep(file: string, dataset: Dataset, model: typeof MODEL | { cell: number } = MODEL) {
  const computed: number[] = []
  const document = { ...STUDY, model: { ...MODEL, ...model } }
  const source = keptFeatures(document, dataset, {
    file,
    progress: (done, of) => {
      if (done < of) computed.push(done)
    },
  })
  return { source, computed }
}

test('features on disk, on demand and in memory are the same, in any order', t => {
  const inMemory = featuresOf(STUDY, records())
  const { source } = keep(freshFile(), records())
  const features = inputsOf(inMemory)
  const length = features.length / COUNT
  const expected = [...ALL].flatMap(at => [...features.subarray(at * length, (at + 1) * length)])
  for (const { select, count, shape } of [source, featuresOnDemand(STUDY, records())]) {
    t.is(count, COUNT)
    t.deepEqual(shape, inMemory.shape)
    t.deepEqual(select(ALL), {
      inputs: Float32Array.from(expected),
      labels: Int32Array.from(ALL, at => records().labels[at]!),
    })
  }
})

test('a second start computes nothing; one that was cut off computes what is missing', t => {
  const file = freshFile()
  t.is(keep(file, records()).computed.length, COUNT)
  t.deepEqual(keep(file, records()).computed, [])
  const size = readFileSync(file).length
  truncateSync(file, size - 1 - Math.floor((size - 32) / COUNT) * 2)
  t.deepEqual(keep(file, records()).computed, [COUNT - 3, COUNT - 2, COUNT - 1])
})

test('damage on the disk is computed anew', t => {
  const file = freshFile()
  const whole = keep(file, records()).source.select(ALL)
  const bytes = readFileSync(file)
  bytes[bytes.length - 2]! ^= 1
  writeFileSync(file, bytes)
  const { source, computed } = keep(file, records())
  t.deepEqual(computed, [COUNT - 1])
  t.deepEqual(source.select(ALL), whole)
})

test('other records, one record changed, another order and another model get features of their own', t => {
  const file = freshFile()
  keep(file, records())
  t.is(keep(file, records(1)).computed.length, COUNT)
  keep(file, records())
  const changed = records()
  changed.inputs[changed.inputs.length - 1]! += 1e-3
  t.is(keep(file, changed).computed.length, COUNT)
  keep(file, records())
  t.is(keep(file, records(), { cell: 2 }).computed.length, COUNT)
})

test('a trainer sums the same gradients from features on disk and in memory', async t => {
  const backend = await loadBackend({ engine: 'wasm' })
  const keeping = { file: freshFile(), progress: () => {} }
  const sumOf = (more: object) => {
    const rng = seededRng('features')
    const trainer = createTrainer({ document: STUDY, dataset: records(), backend, rng, ...more })
    const sum = trainer.clippedSum(initialCheckpoint(STUDY))
    trainer.dispose()
    return sum
  }
  const [inMemory, onDisk] = [sumOf({}), sumOf({ keeping })]
  t.true(inMemory.some(value => value !== 0))
  t.deepEqual(onDisk, inMemory)
})
