// Claims of node/training/data-trainer.ts: a hospital's output is the clipped sum over one Poisson sample of its own
// records, whatever the sample's size.

import test from 'ava'
import { type Dataset, type ReadValues, selectRecords, valuesOf } from '../../../node/datasets/dataset.ts'
import { OperatorError } from '../../../node/errors.ts'
import { createTrainer } from '../../../node/training/data-trainer.ts'
import { buildModel } from '../../../node/training/model.ts'
import { CLIP_MARGIN } from '../../../node/training/per-example-clipping.ts'
import { poissonSample } from '../../../node/training/sampler.ts'
import { initialCheckpoint } from '../../../protocols/model/checkpoint.ts'
import type { StudyDocument } from '../../../protocols/study/types.ts'
import { loopClippedSum } from '../../../sim/bench/reference.ts'
import type { WholeDataset } from '../../helpers/inputs.ts'
import { seededRng } from '../../helpers/seeded-rng.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'
import { distance, images, norm, onEveryEngine, testBatch } from './engines.ts'

const DATA = images([6, 6, 1])

function study(sampleRate: number): StudyDocument {
  return {
    unit: 'record',
    contract: DATA,
    model: { preset: 'mlp', units: [8] },
    initialSeed: new Uint8Array(32),
    privacy: { clippingNorm: 0.5, sampleRate: sampleRate * 2 ** 32 },
  } as StudyDocument
}

function records(count: number): WholeDataset {
  const { inputs, labels } = testBatch('records', { spec: { preset: 'logistic' }, data: DATA, count })
  return { count, shape: DATA.shape, inputs, labels }
}

test.serial('the sum is over the sample that the rng draws, over more than one sub-batch', async t => {
  const [document, dataset] = [study(0.75), records(700)]
  const start = initialCheckpoint(document)
  const sample = poissonSample(dataset.count, document.privacy.sampleRate, seededRng('trainer'))
  t.true(sample.length > 2 * 256 && sample.length % 256 !== 0)
  await onEveryEngine(t, backend => {
    const trainer = createTrainer({ document, dataset, backend, rng: seededRng('trainer') })
    const actual = trainer.clippedSum(start)
    t.is(trainer.dimension, start.parameters.length)
    t.is(trainer.engine, backend.engine)
    trainer.dispose()
    const model = buildModel(backend.tf, document.model, DATA)
    const batch = { parameters: start.parameters, ...selectRecords(dataset, sample) }
    const expected = loopClippedSum(backend, { model, clippingNorm: CLIP_MARGIN * 0.5 }, batch).sum
    model.dispose()
    t.true(distance(actual, expected) <= 1e-4 * norm(expected))
  })
})

test.serial(
  'a step reads the records that it draws, each once, and sums what it does of records in memory',
  async t => {
    const [document, dataset] = [study(0.25), records(100)]
    const start = initialCheckpoint(document)
    const sample = poissonSample(dataset.count, document.privacy.sampleRate, seededRng('reads'))
    await onEveryEngine(t, backend => {
      const read: number[] = []
      const inputs: ReadValues = (record, into) => {
        read.push(record)
        valuesOf(dataset)(record, into)
      }
      const sumOf = (each: Dataset) => {
        const trainer = createTrainer({ document, dataset: each, backend, rng: seededRng('reads') })
        read.length = 0
        const sum = trainer.clippedSum(start)
        trainer.dispose()
        return sum
      }
      const inMemory = sumOf(dataset)
      t.deepEqual(sumOf({ ...dataset, inputs }), inMemory)
      t.deepEqual(read, [...sample])
    })
  },
)

test.serial('each call draws a new sample', async t => {
  const [document, dataset] = [study(0.5), records(100)]
  const start = initialCheckpoint(document)
  await onEveryEngine(t, backend => {
    const trainer = createTrainer({ document, dataset, backend, rng: seededRng('again') })
    t.notDeepEqual(trainer.clippedSum(start), trainer.clippedSum(start))
    trainer.dispose()
  })
})

test.serial('an empty sample gives zeros, and leaves nothing behind', async t => {
  const document = study(2 ** -32)
  const start = initialCheckpoint(document)
  await onEveryEngine(t, backend => {
    const before = backend.tf.memory().numTensors
    const trainer = createTrainer({ document, dataset: records(50), backend, rng: seededRng('empty') })
    t.deepEqual(trainer.clippedSum(start), new Float64Array(start.parameters.length))
    trainer.dispose()
    t.is(backend.tf.memory().numTensors, before)
  })
})

test.serial('an image that stands in the data twice is trained on as one, and with two labels not at all', async t => {
  const [document, dataset] = [study(1), records(40)]
  const size = dataset.inputs.length / dataset.count
  const start = initialCheckpoint(document)
  const again = (change: number, count: number) => ({
    ...dataset,
    count: 40 + count,
    inputs: Float32Array.of(...dataset.inputs, ...dataset.inputs.subarray(5 * size, (5 + count) * size)),
    labels: Int32Array.of(
      ...dataset.labels,
      ...Array.from(dataset.labels.slice(5, 5 + count), label => (label + change) % 3),
    ),
  })
  const without = {
    ...dataset,
    count: 30,
    inputs: Float32Array.of(...dataset.inputs.subarray(0, 5 * size), ...dataset.inputs.subarray(15 * size)),
    labels: Int32Array.of(...dataset.labels.slice(0, 5), ...dataset.labels.slice(15)),
  }
  await onEveryEngine(t, backend => {
    const sumOf = (each: Dataset) => {
      const trainer = createTrainer({ document, dataset: each, backend, rng: seededRng('twice') })
      const sum = trainer.clippedSum(start)
      t.is(trainer.repeatedRecords, Math.max(0, each.count - 40), 'copies are told of')
      trainer.dispose()
      return sum
    }
    t.deepEqual(sumOf(again(0, 10)), sumOf(dataset))
    t.deepEqual(sumOf(again(1, 10)), sumOf(without))
    // the promise: one record more or less moves the sum by at most the clipping norm
    const moved = distance(sumOf(again(1, 1)), sumOf(dataset))
    t.true(moved > 0 && moved <= CLIP_MARGIN * 0.5 * (1 + 1e-4))
  })
})

test.serial('rows of a table that are the same are two people', async t => {
  const data = { kind: 'vector' as const, shape: [3] as [number], classes: ['no', 'yes'] }
  const quiet = testStudy(testSigners(4), { contract: data })
  const document = { ...quiet, privacy: { ...quiet.privacy, sampleRate: 2 ** 32 } }
  const rows = { count: 2, shape: [3], inputs: Float32Array.of(1, 2, 3, 1, 2, 3), labels: Int32Array.of(1, 1) }
  const one = { ...rows, count: 1, inputs: rows.inputs.slice(0, 3), labels: Int32Array.of(1) }
  const start = initialCheckpoint(document)
  await onEveryEngine(t, backend => {
    const sums = [rows, one].map(dataset => {
      const trainer = createTrainer({ document, dataset, backend, rng: seededRng('rows') })
      const sum = trainer.clippedSum(start)
      trainer.dispose()
      return sum
    })
    t.true(
      distance(
        sums[0]!,
        sums[1]!.map(value => 2 * value),
      ) < 1e-6,
    )
  })
})

test.serial('records that do not fit the study are refused', async t => {
  const dataset = records(10)
  const bad: Dataset[] = [
    { ...dataset, shape: [6, 6] },
    { ...dataset, shape: [36] },
    { ...dataset, inputs: dataset.inputs.subarray(1) },
    { ...dataset, labels: dataset.labels.subarray(1) },
    { ...dataset, labels: new Int32Array(10).fill(3) },
    { ...dataset, labels: new Int32Array(10).fill(-1) },
  ]
  await onEveryEngine(t, backend => {
    for (const each of bad) {
      const create = () => createTrainer({ document: study(0.5), dataset: each, backend, rng: seededRng('bad') })
      const error = t.throws(create, { instanceOf: OperatorError })
      t.is(error.code, 'dataset-mismatch')
      t.is(error.exitCode, 11)
    }
  })
})
