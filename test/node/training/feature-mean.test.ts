// Claims of the mean of frozen features (normaliser.ts, data-trainer.ts, records.ts): a unit adds the mean of its records'
// features, no longer than their norm; features are centred and keep their norm; a study on vectors of features takes
// the same mean and learns the same as the study on images.

import test from 'ava'
import { sourceOf } from '../../../node/datasets/dataset.ts'
import { unitsOf } from '../../../node/datasets/units.ts'
import { trainedPart } from '../../../node/privacy-audit/records.ts'
import { rehearse } from '../../../node/privacy-audit/rehearsal.ts'
import { loadBackend } from '../../../node/training/backend.ts'
import { evaluate } from '../../../node/training/evaluation.ts'
import { featuresOf } from '../../../node/training/features.ts'
import { featureSumOf, normalise } from '../../../node/training/normaliser.ts'
import { CLIP_MARGIN } from '../../../node/training/per-example-clipping.ts'
import { deployed } from '../../../protocols/model/checkpoint.ts'
import { FEATURE_NORM } from '../../../protocols/study/models/scattering.ts'
import { inputsOf } from '../../helpers/inputs.ts'
import { seededRng } from '../../helpers/seeded-rng.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'

const NORM = 5
const MEAN = { normalisation: { kind: 'mean' as const, norm: NORM, noiseMultiplier: 1 } }

/** Records of two features, and whose they are. */
function records(rows: readonly (readonly [number, number])[], patients: readonly number[]) {
  const inputs = Float32Array.from(rows.flat())
  const labels = new Uint8Array(rows.length)
  return { count: rows.length, shape: [2], inputs, labels, patients: Int32Array.from(patients) }
}

const near = (values: ArrayLike<number>, expected: readonly number[]): boolean =>
  expected.every((value, at) => Math.abs(values[at]! - value) < 1e-5)

test('a unit adds the mean of its records, clipped to the norm; what is no number adds nothing', t => {
  const rows = [
    [3, 4],
    [30, 40],
    [1, 0],
    [Number.NaN, 1],
  ] as const
  const dataset = records(rows, [1, 1, 2, 3])
  const sumBy = (unit: 'record' | 'patient') => featureSumOf(sourceOf(dataset), unitsOf(unit, dataset), NORM)
  t.true(near(sumBy('record'), [CLIP_MARGIN * (3 + 3 + 1), CLIP_MARGIN * (4 + 4)]))
  t.true(near(sumBy('patient'), [CLIP_MARGIN * (3 + 1), CLIP_MARGIN * 4]))
  t.deepEqual([...featureSumOf(sourceOf(records([], [])), unitsOf('record', { count: 0 }), NORM)], [0, 0])
})

test('features are centred and have their norm again; those that equal the mean are 0', t => {
  const inputs = Float32Array.of(4, 6, 1, 2, -2, -2)
  normalise(inputs, MEAN, Float32Array.of(1, 2))
  t.true(near(inputs, [3, 4, 0, 0, -3, -4]))
  const before = Float32Array.of(3, 4)
  normalise(before, MEAN, new Float32Array(2))
  t.true(near(before, [3, 4]), 'a mean of 0 leaves features of that norm as they are')
})

const IMAGES = {
  ...{ count: 24, shape: [8, 8, 1] },
  inputs: Float32Array.from({ length: 24 * 64 }, (_, at) => ((at * 7919) % 101) / 100),
  labels: Uint8Array.from({ length: 24 }, (_, at) => at % 2),
}

test('without noise the mean is that of all hospitals, and a study on features learns what the one on images does', async t => {
  const backend = await loadBackend({ engine: 'wasm' })
  const document = testStudy(testSigners(4), {
    units: 24,
    rounds: 3,
    contract: { kind: 'image', shape: [8, 8, 1], classes: ['a', 'b'] },
    model: { preset: 'scattering', scales: 2, angles: 4, cell: 4 },
    normalisation: { kind: 'mean', norm: FEATURE_NORM, noiseMultiplier: 4 },
    privacy: { ...testStudy(testSigners(4)).privacy, sampleRate: 2 ** 32 },
  })
  const run = { backend, rng: seededRng('feature mean') }
  const checkpoint = rehearse({ document, parts: [IMAGES], ...run })
  const features = featuresOf(document, IMAGES)
  const [inputs, shape] = [inputsOf(features), features.shape]
  const length = shape[0]!
  const mean = Float64Array.from({ length }, (_, feature) => {
    let sum = 0
    for (let record = 0; record < 24; record++) sum += inputs[record * length + feature]! / 24
    return CLIP_MARGIN * sum
  })
  t.true(checkpoint.normalisation.every((value, at) => Math.abs(value - mean[at]!) < 1e-3))
  const part = trainedPart(document, IMAGES)
  t.is(part.document.model.preset, 'logistic')
  t.deepEqual(rehearse({ document: part.document, parts: [part.records], ...run }), checkpoint)
  const metrics = evaluate({ backend, document, ...deployed(checkpoint), dataset: IMAGES })
  t.deepEqual(
    evaluate({ backend, document: part.document, ...deployed(checkpoint), dataset: part.records }),
    metrics,
    'and says the same of records',
  )
})
