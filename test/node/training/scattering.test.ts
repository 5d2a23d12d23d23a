// Claims of the frozen features: they are those of an independent implementation; each image's are its own, whatever else
// is in the data set; they hardly see small shifts, brightness and contrast; and a study with them trains and is evaluated
// on images.

import test from 'ava'
import type { Dataset } from '../../../node/datasets/dataset.ts'
import { createTrainer } from '../../../node/training/data-trainer.ts'
import { evaluate } from '../../../node/training/evaluation.ts'
import { featuresOf } from '../../../node/training/features.ts'
import { initialCheckpoint } from '../../../protocols/model/checkpoint.ts'
import type { ModelSpec } from '../../../protocols/study/models/list.ts'
import { FEATURE_NORM } from '../../../protocols/study/models/scattering.ts'
import { dimensionOf, parameterSpecs } from '../../../protocols/study/parameters.ts'
import { planStudy } from '../../../protocols/study/plan.ts'
import { inputsOf, type WholeDataset } from '../../helpers/inputs.ts'
import { seededRng } from '../../helpers/seeded-rng.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'
import vectors from '../../vectors/scattering.json' with { type: 'json' }
import { distance, images, norm, onEveryEngine } from './engines.ts'

const SIDE = vectors.image.side
const MODEL = { preset: 'scattering', ...vectors.scattering } as ModelSpec & { preset: 'scattering' }

type Pixel = (row: number, column: number) => number

function dataset(draw: readonly Pixel[], shape = [SIDE, SIDE, 1]): Dataset {
  const [height, width, depth] = shape as [number, number, number]
  const inputs = draw.flatMap(pixel =>
    Array.from({ length: height * width * depth }, (_, at) => {
      const place = Math.floor(at / depth)
      return pixel(Math.floor(place / width), place % width)
    }),
  )
  return {
    count: draw.length,
    shape,
    inputs: Float32Array.from(inputs),
    labels: Uint8Array.from(draw, (_, i) => i % 3),
  }
}

const drawn: Pixel = (row, column) => ((row * 7 + column * 13 + row * column) % 23) / 22
const stripes: Pixel = (row, column) => 0.5 + 0.4 * Math.sin(row / 2 + column / 5)
const blob: Pixel = (row, column) => Math.exp(-((row - 6) ** 2 + (column - 9) ** 2) / 20)

function scattered(records: Dataset): WholeDataset {
  const contract = images(records.shape as [number, number, number])
  const features = featuresOf({ model: MODEL, contract }, records)
  return { ...features, inputs: inputsOf(features) }
}

test('the features are those of an independent implementation', t => {
  const { inputs, shape } = scattered(dataset([drawn]))
  t.deepEqual(shape, [vectors.length])
  for (const [at, value] of vectors.values as [number, number][]) {
    t.true(Math.abs(inputs[at]! - value) < 1e-5, `feature ${at}: ${inputs[at]}, not ${value}`)
  }
})

test('an image’s features do not depend on the images beside it, and have one norm', t => {
  const together = scattered(dataset([drawn, stripes, blob]))
  const alone = [drawn, stripes, blob].map(one => scattered(dataset([one])).inputs)
  alone.forEach((features, at) => {
    t.deepEqual(together.inputs.slice(at * vectors.length, (at + 1) * vectors.length), features)
    t.true(Math.abs(norm(features) - FEATURE_NORM) < 1e-4)
  })
})

test('brightness and contrast change nothing, a shift of a pixel little, another image much', t => {
  const [base, brighter, shifted, other] = [
    blob,
    (row: number, column: number) => 0.2 + 0.5 * blob(row, column),
    (row: number, column: number) => blob(row, column - 1),
    stripes,
  ].map(one => scattered(dataset([one])).inputs) as [Float32Array, Float32Array, Float32Array, Float32Array]
  t.true(distance(base, brighter) < 0.05 * FEATURE_NORM, `${distance(base, brighter)}`)
  t.true(distance(base, shifted) < distance(base, other) / 2)
})

test('an image of one colour has features of 0, and nothing that is not finite', t => {
  const { inputs } = scattered(dataset([() => 0.7, () => 0]))
  t.true(inputs.every(value => Number.isFinite(value)))
})

test('channels are features beside each other, and the model has their number', t => {
  const data = images([SIDE, 8, 3])
  const specs = parameterSpecs(MODEL, data)
  const [kernel] = specs
  const features = scattered(dataset([drawn], [SIDE, 8, 3]))
  t.deepEqual(kernel!.shape, [features.shape[0]!, 3])
  t.is(dimensionOf(specs), 3 * (features.shape[0]! + 1))
})

test('cells that do not divide the image, too many scales, and vectors are refused', t => {
  const refused = (model: Partial<typeof MODEL>, data = images([SIDE, SIDE, 1])) =>
    t.throws(() => parameterSpecs({ ...MODEL, ...model }, data), { code: 'unsupported-model' })
  refused({ cell: 5 })
  refused({ scales: 5 })
  t.throws(() => parameterSpecs(MODEL, { kind: 'vector', shape: [9], classes: ['a', 'b'] }), {
    code: 'unsupported-model',
  })
})

test('a study on features trains and is evaluated on images', async t => {
  await onEveryEngine(t, backend => {
    const data = images([SIDE, SIDE, 1])
    const document = testStudy(testSigners(4), { contract: data, model: MODEL })
    const records = dataset([drawn, stripes, blob])
    const trainer = createTrainer({ document, dataset: records, backend, rng: seededRng('scattering') })
    t.is(trainer.dimension, planStudy(document).dimension)
    const start = initialCheckpoint(document)
    t.true(norm(trainer.clippedSum(start)) <= 3)
    t.is(evaluate({ backend, document, parameters: start.parameters, dataset: records }).count, 3)
    t.is(featuresOf(document, records), featuresOf(document, records), 'computed once')
    trainer.dispose()
  })
})
