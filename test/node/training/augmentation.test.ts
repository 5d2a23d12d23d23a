// Claims of node/training/augmentation.ts and of what is made of views: they are the image, shifted and mirrored; the
// gradient that is clipped is the mean over a record's views, so one record moves the sum by no more than without; and
// with one view that is the image itself nothing changes, to the last bit.

import test from 'ava'
import { RandomReader, type Rng } from '../../../crypto/rng.ts'
import type { Dataset } from '../../../node/datasets/dataset.ts'
import { drawViews } from '../../../node/training/augmentation.ts'
import type { Backend, LayersModel } from '../../../node/training/backend.ts'
import { createTrainer } from '../../../node/training/data-trainer.ts'
import { buildModel } from '../../../node/training/model.ts'
import { CLIP_MARGIN, createBookkeeping, EXAMPLES_MAX } from '../../../node/training/per-example-clipping.ts'
import type { ModelSpec } from '../../../protocols/study/models/list.ts'
import { dimensionOf, parameterSpecs } from '../../../protocols/study/parameters.ts'
import type { Augmentation, StudyDocument } from '../../../protocols/study/types.ts'
import { loopClippedSum } from '../../../sim/bench/reference.ts'
import { seededRng } from '../../helpers/seeded-rng.ts'
import { distance, images, norm, onEveryEngine, type TestBatch, testBatch, uniforms } from './engines.ts'

const DATA = images([9, 10, 2])
const SIZE = 9 * 10 * 2
const CNN = { preset: 'cnn', filters: [8, 12], groups: 4 } satisfies ModelSpec
const SPECS: [string, ModelSpec][] = [
  ['logistic', { preset: 'logistic' }],
  ['mlp of tanh', { preset: 'mlp', units: [16], activation: 'tanh' }],
  ['wide mlp, past the batched product', { preset: 'mlp', units: [80] }],
  ['cnn', CNN],
  ['cnn, standardised, of tanh', { ...CNN, activation: 'tanh', standardised: true }],
]
const ERROR_MAX = 1e-4

const readerOf = (seed: string) => new RandomReader(seededRng(seed))

function viewsOf(image: readonly number[], shape: number[], augmentation: Augmentation): number[][] {
  const drawn = drawViews(Float32Array.from(image), { shape, augmentation, reader: readerOf('views') })
  const rows = Array.from({ length: augmentation.views }, (_, view) =>
    Array.from(drawn.subarray(view * image.length, (view + 1) * image.length)),
  )
  const distinct = new Set(rows.map(row => row.join()))
  return [...distinct].sort().map(text => text.split(',').map(Number))
}

test('a shift mirrors at the border without saying the border twice', t => {
  const line = (augmentation: Augmentation) => viewsOf([1, 2, 3, 4], [1, 4, 1], augmentation)
  t.deepEqual(line({ views: 9, shift: 0, flip: false }), [[1, 2, 3, 4]])
  t.deepEqual(line({ views: 60, shift: 0, flip: true }), [
    [1, 2, 3, 4],
    [4, 3, 2, 1],
  ])
})

test('every shift of up to so many pixels to each side is drawn, rows and columns by themselves', t => {
  // each pixel says where it comes from; the middle one is never mirrored
  const [height, width] = [5, 7]
  const image = Array.from({ length: height * width }, (_, at) => at)
  const seen = viewsOf(image, [height, width, 1], { views: 200, shift: 2, flip: false })
  const centres = new Set(seen.map(view => view[2 * width + 3]!))
  t.is(seen.length, 25)
  t.deepEqual(
    [...centres].sort((a, b) => a - b),
    [0, 1, 2, 3, 4].flatMap(row => [1, 2, 3, 4, 5].map(column => row * width + column)),
  )
  const mirrored = (at: number, length: number) => (at < 0 ? -at : at < length ? at : 2 * (length - 1) - at)
  for (const view of seen) {
    const [down, right] = [2 - Math.floor(view[17]! / width), 3 - (view[17]! % width)]
    const expected = image.map((_, at) => {
      const [row, column] = [Math.floor(at / width) - down, (at % width) - right]
      return mirrored(row, height) * width + mirrored(column, width)
    })
    t.deepEqual(view, expected)
  }
})

test('channels stay together, and the views of an image stand side by side', t => {
  const shape = [2, 3, 2]
  const two = Float32Array.from({ length: 24 }, (_, at) => at)
  const augmentation = { views: 3, shift: 1, flip: true }
  const drawn = drawViews(two, { shape, augmentation, reader: readerOf('channels') })
  t.is(drawn.length, 3 * two.length)
  for (let at = 0; at < drawn.length; at += 2) {
    t.is(drawn[at]! % 2, 0)
    t.is(drawn[at + 1], drawn[at]! + 1)
    t.is(Math.floor(drawn[at]! / 12), Math.floor(at / 36))
  }
})

test('images that are alike are not seen alike: views are drawn for each image', t => {
  const shape = [3, 3, 1]
  const image = Array.from({ length: 9 }, (_, at) => at)
  const augmentation = { views: 8, shift: 2, flip: true }
  const seen = drawViews(Float32Array.from([...image, ...image]), { shape, augmentation, reader: readerOf('each') })
  t.notDeepEqual(seen.slice(0, 72), seen.slice(72))
})

/** A batch whose every `views` records are one record. */
function viewed(seed: string, spec: ModelSpec, { count, views }: { count: number; views: number }): TestBatch {
  const batch = testBatch(seed, { spec, data: DATA, count: count * views })
  return { ...batch, labels: batch.labels.subarray(0, count) }
}

function clipped(
  backend: Backend,
  { model, clippingNorm, views }: { model: LayersModel; clippingNorm: number; views: number },
  batch: TestBatch,
) {
  const bookkeeping = createBookkeeping(backend, { model, clippingNorm, views })
  const sum = new Float64Array(bookkeeping.dimension)
  return { sum, norms: bookkeeping.addClipped(sum, batch) }
}

for (const [name, spec] of SPECS) {
  test.serial(`the clipped sum is that of a loop over records and their views: ${name}`, async t => {
    await onEveryEngine(t, backend => {
      const model = buildModel(backend.tf, spec, DATA)
      for (const views of [2, 5]) {
        const batch = viewed(`views ${name}`, spec, { count: 16, views })
        // about half of the records clipped
        const middle = clipped(backend, { model, clippingNorm: 1e6, views }, batch).norms.toSorted()[8]!
        const actual = clipped(backend, { model, clippingNorm: middle, views }, batch)
        const expected = loopClippedSum(backend, { model, clippingNorm: CLIP_MARGIN * middle, views }, batch)
        t.true(distance(actual.sum, expected.sum) / norm(expected.sum) <= ERROR_MAX)
        actual.norms.forEach((value, index) => {
          t.true(Math.abs(value / expected.norms[index]! - 1) <= ERROR_MAX)
        })
      }
      model.dispose()
    })
  })
}

test.serial('a record whose views are all alike counts as with one', async t => {
  await onEveryEngine(t, backend => {
    for (const [, spec] of SPECS) {
      const model = buildModel(backend.tf, spec, DATA)
      const one = testBatch('alike', { spec, data: DATA, count: 4 })
      const images = Array.from({ length: 4 }, (_, at) => [...one.inputs.subarray(at * SIZE, (at + 1) * SIZE)])
      const three = { ...one, inputs: Float32Array.from(images.flatMap(image => [...image, ...image, ...image])) }
      const expected = clipped(backend, { model, clippingNorm: 1, views: 1 }, one)
      const actual = clipped(backend, { model, clippingNorm: 1, views: 3 }, three)
      t.true(distance(actual.sum, expected.sum) <= ERROR_MAX * norm(expected.sum))
      t.true(distance(actual.norms, expected.norms) <= ERROR_MAX * norm(expected.norms))
      model.dispose()
    }
  })
})

test.serial('a record with one view that is not finite adds nothing, and the others add what they would', async t => {
  await onEveryEngine(t, backend => {
    for (const [, spec] of SPECS) {
      const model = buildModel(backend.tf, spec, DATA)
      const batch = viewed('finite', spec, { count: 5, views: 3 })
      const kept = batch.inputs.filter((_, at) => Math.floor(at / SIZE / 3) !== 2)
      const others = { ...batch, inputs: kept, labels: batch.labels.filter((_, at) => at !== 2) }
      const expected = clipped(backend, { model, clippingNorm: 1, views: 3 }, others).sum
      batch.inputs[7 * SIZE] = Number.NaN
      const { sum, norms } = clipped(backend, { model, clippingNorm: 1, views: 3 }, batch)
      t.deepEqual(
        [...norms].map(value => Number.isFinite(value)),
        [true, true, false, true, true],
      )
      t.true(distance(sum, expected) <= 1e-5 * norm(expected))
      model.dispose()
    }
  })
})

test.serial('a pass holds as many records as their views fit in, and more are refused', async t => {
  await onEveryEngine(t, backend => {
    const small = buildModel(backend.tf, CNN, DATA)
    const recordsOf = (model: LayersModel, views: number) =>
      createBookkeeping(backend, { model, clippingNorm: 1, views }).unitsMax
    t.is(recordsOf(small, 1), EXAMPLES_MAX)
    t.is(recordsOf(small, 4), EXAMPLES_MAX / 4)
    t.is(recordsOf(small, 3), Math.floor(EXAMPLES_MAX / 3))
    t.is(recordsOf(small, EXAMPLES_MAX), 1)
    for (const views of [0, 1.5, EXAMPLES_MAX + 1]) t.throws(() => recordsOf(small, views), { name: 'AssertionError' })
    const batch = viewed('many', CNN, { count: EXAMPLES_MAX / 4 + 1, views: 4 })
    t.throws(() => clipped(backend, { model: small, clippingNorm: 1, views: 4 }, batch), { name: 'AssertionError' })
    small.dispose()
  })
})

function study(model: ModelSpec, augmentation?: Augmentation): StudyDocument {
  const privacy = { clippingNorm: 0.5, sampleRate: 2 ** 32 }
  return {
    unit: 'record',
    contract: DATA,
    model,
    privacy,
    ...(augmentation === undefined ? {} : { augmentation }),
  } as StudyDocument
}

/** The first draw is the sample's: what follows must not depend on how many records there are. */
function splitRng(seed: string): Rng {
  const [first, later] = [seededRng(`${seed} sample`), seededRng(`${seed} views`)]
  let calls = 0
  return target => (calls++ === 0 ? first : later)(target)
}

function summed(backend: Backend, document: StudyDocument, { parameters, records }: Summed): Float64Array {
  const labels = Int32Array.from(records, (_, at) => at % 3)
  const inputs = new Float32Array(records.length * SIZE)
  records.forEach((record, at) => {
    inputs.set(record, at * SIZE)
  })
  const dataset: Dataset = { count: records.length, shape: DATA.shape, inputs, labels }
  const trainer = createTrainer({ document, dataset, backend, rng: splitRng('trainer') })
  const sum = trainer.clippedSum({ parameters, normalisation: new Float32Array(0) })
  trainer.dispose()
  return sum
}

interface Summed {
  parameters: Float32Array
  records: readonly Float32Array[]
}

const drawn = (value: (at: number) => number) => Float32Array.from({ length: SIZE }, (_, at) => value(at))
const parity = (at: number) => (Math.floor(at / 20) + Math.floor((at % 20) / 2)) % 2
const RANDOM = uniforms('hostile')
const HOSTILE: [string, Float32Array][] = [
  ['random', drawn(RANDOM)],
  ['like all others', drawn(() => 0.5)],
  ['zeros', drawn(() => 0)],
  ['tiny', drawn(() => 1e-30)],
  ['huge', drawn(at => (at % 3 === 0 ? 1e10 : -1e10))],
  ['beyond a square', drawn(() => 1e25)],
  // a shift by one pixel turns its sign, so that the views' gradients cancel
  ['a checkerboard', drawn(at => (parity(at) === 0 ? 1 : -1))],
  ['a huge checkerboard', drawn(at => (parity(at) === 0 ? 1e15 : -1e15))],
  ['one NaN at the border', drawn(at => (at === 0 ? Number.NaN : 0.5))],
  ['infinite', drawn(() => Number.POSITIVE_INFINITY)],
]

test.serial('sensitivity: one record more or less, in four views, moves the clipped sum by at most 0.99 C', async t => {
  const crowd = Array.from({ length: 70 }, () => drawn(RANDOM))
  await onEveryEngine(t, backend => {
    for (const [name, spec] of SPECS) {
      const document = study(spec, { views: 4, shift: 3, flip: true })
      const random = uniforms(`parameters ${name}`)
      const dimension = dimensionOf(parameterSpecs(spec, DATA))
      for (const size of [0, 0.4, 100]) {
        const parameters = Float32Array.from({ length: dimension }, () => (random() - 0.5) * size)
        const without = summed(backend, document, { parameters, records: crowd })
        for (const [kind, record] of HOSTILE) {
          const moved = distance(summed(backend, document, { parameters, records: [...crowd, record] }), without)
          // the last digits of float32 sums, well within what CLIP_MARGIN leaves
          t.true(moved <= CLIP_MARGIN * 0.5 * (1 + ERROR_MAX), `${kind}, ${name} × ${size}: ${moved}`)
          if (kind === 'random' && size === 0.4) t.true(moved > 0.3, `${name}: the record is in`)
        }
      }
    }
  })
})

test.serial('one view that is the image itself changes no bit of the sum', async t => {
  await onEveryEngine(t, backend => {
    for (const [, spec] of SPECS) {
      const records = Array.from({ length: 20 }, () => drawn(RANDOM))
      const { parameters } = testBatch('one view', { spec, data: DATA, count: 0 })
      const expected = summed(backend, study(spec), { parameters, records })
      const actual = summed(backend, study(spec, { views: 1, shift: 0, flip: false }), { parameters, records })
      t.deepEqual(actual, expected)
    }
  })
})

test.serial('views are drawn anew in every round', async t => {
  const document = study({ preset: 'logistic' }, { views: 2, shift: 2, flip: false })
  const record = drawn(RANDOM)
  const dataset: Dataset = { count: 1, shape: DATA.shape, inputs: record, labels: Int32Array.of(1) }
  const { parameters } = testBatch('anew', { spec: document.model, data: DATA, count: 0 })
  await onEveryEngine(t, backend => {
    const trainer = createTrainer({ document, dataset, backend, rng: seededRng('anew') })
    const [first, second] = [
      trainer.clippedSum({ parameters, normalisation: new Float32Array(0) }),
      trainer.clippedSum({ parameters, normalisation: new Float32Array(0) }),
    ]
    t.true(distance(first, second) > 1e-3)
    trainer.dispose()
  })
})

test.serial('no tensor is left behind by a step with views', async t => {
  await onEveryEngine(t, backend => {
    const outside = backend.tf.memory().numTensors
    for (const [, spec] of SPECS) {
      const { parameters } = testBatch('leak', { spec, data: DATA, count: 0 })
      summed(backend, study(spec, { views: 3, shift: 1, flip: true }), {
        parameters,
        records: [drawn(() => Number.NaN)],
      })
      t.is(backend.tf.memory().numTensors, outside)
    }
  })
})
