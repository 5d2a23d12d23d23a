// Claims of the preset conv1d: its engine's layers are those of the study's layout, its clipped sum is that of a loop over
// single examples, it is for sounds alone, and whatever a study may say of it can be trained.

import test from 'ava'
import fc from 'fast-check'
import { buildModel } from '../../../node/training/model.ts'
import { TRAINED_CONV1D } from '../../../node/training/models/conv1d.ts'
import { CLIP_MARGIN, createBookkeeping } from '../../../node/training/per-example-clipping.ts'
import type { SoundContract } from '../../../protocols/study/contracts/sound.ts'
import { CONV1D_SCHEMA, type Conv1dModel } from '../../../protocols/study/models/conv1d.ts'
import { dimensionOf, parameterSpecs } from '../../../protocols/study/parameters.ts'
import { loopClippedSum } from '../../../sim/bench/reference.ts'
import { distance, images, norm, onEveryEngine, testBatch } from './engines.ts'

const SOUNDS: SoundContract = {
  kind: 'sound',
  shape: [21, 12],
  classes: ['no', 'yes', 'maybe'],
  rate: 8000,
  window: 256,
  hop: 128,
  level: [-16, -2],
}
const MODEL: Conv1dModel = { preset: 'conv1d', filters: [8, 12], taps: 5, groups: 4 }

for (const model of [MODEL, { ...MODEL, pooled: true, activation: 'tanh' as const, taps: 2 }]) {
  test.serial(`the clipped sum is that of a loop over single examples: ${JSON.stringify(model)}`, async t => {
    await onEveryEngine(t, backend => {
      const built = buildModel(backend.tf, model, SOUNDS)
      const batch = testBatch('conv1d', { spec: model, data: SOUNDS, count: 12 })
      const { dimension, addClipped } = createBookkeeping(backend, { model: built, clippingNorm: 1 })
      const sum = new Float64Array(dimension)
      addClipped(sum, batch)
      const expected = loopClippedSum(backend, { model: built, clippingNorm: CLIP_MARGIN }, batch)
      t.true(distance(sum, expected.sum) <= 1e-4 * norm(expected.sum))
      built.dispose()
    })
  })
}

test.serial('any conv1d of a study trains on any sounds of a contract', async t => {
  const someModel = fc.record({
    filters: fc.array(fc.constantFrom(4, 8), { minLength: 1, maxLength: 6 }),
    taps: fc.integer({ min: 2, max: 64 }),
    pooled: fc.boolean(),
  })
  await onEveryEngine(t, backend => {
    fc.assert(
      fc.property(
        someModel,
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 20 }),
        (fields, frames, bands) => {
          const model: Conv1dModel = { ...MODEL, ...fields }
          const data: SoundContract = { ...SOUNDS, shape: [frames, bands] }
          const built = buildModel(backend.tf, model, data)
          const { dimension, addClipped } = createBookkeeping(backend, { model: built, clippingNorm: 1 })
          const sum = new Float64Array(dimension)
          const norms = addClipped(sum, testBatch('any', { spec: model, data, count: 2 }))
          t.true(norms.every(value => value > 0 && Number.isFinite(value)))
          built.dispose()
        },
      ),
      { numRuns: 30 },
    )
  })
})

test('it is for sounds, and its filters divide into the groups', t => {
  t.throws(() => parameterSpecs(MODEL, images()), { code: 'unsupported-model', message: /needs sounds.*are images/ })
  t.throws(() => parameterSpecs({ ...MODEL, groups: 3 }, SOUNDS), { message: /8 filters do not divide into 3 groups/ })
  t.is(dimensionOf(parameterSpecs(MODEL, SOUNDS)), 5 * 12 * 8 + 16 + 5 * 8 * 12 + 24 + 6 * 12 * 3 + 3)
  t.is(dimensionOf(parameterSpecs({ ...MODEL, pooled: true }, SOUNDS)), 5 * 12 * 8 + 16 + 5 * 8 * 12 + 24 + 12 * 3 + 3)
  for (const fields of [
    { taps: 1 },
    { taps: 65 },
    { taps: 2.5 },
    { groups: 0 },
    { filters: [] },
    { pooled: 1 },
    { size: 3 },
  ]) {
    t.false(CONV1D_SCHEMA.safeParse({ ...MODEL, ...fields }).success, JSON.stringify(fields))
  }
})

test('a smaller one has narrower layers in the same groups, and a pass of more taps needs no less', t => {
  t.deepEqual(
    TRAINED_CONV1D.smaller({ ...MODEL, filters: [16, 32] }, SOUNDS).map(({ setting }) => setting),
    ['model.filters = [8, 16]', 'model.filters = [4, 8]'],
  )
  const outputs = [2, 5, 15, 64].map(taps => TRAINED_CONV1D.passLoad({ ...MODEL, taps }, SOUNDS).outputs)
  t.deepEqual(
    outputs,
    outputs.toSorted((a, b) => a - b),
  )
  t.true(outputs[3]! > outputs[0]!)
})
