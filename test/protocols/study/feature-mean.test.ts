// Claims of protocols/study/feature-mean.ts and normalisation-kinds.ts: the mean of an opened sum, shortened by its noise; its
// sum and what a checkpoint keeps of it; where the round is VOID it stays 0.

import test from 'ava'
import fc from 'fast-check'
import { initialCheckpoint } from '../../../protocols/model/checkpoint.ts'
import { nextCheckpoint } from '../../../protocols/model/next-checkpoint.ts'
import { featureMeanOf } from '../../../protocols/study/feature-mean.ts'
import { FEATURE_NORM } from '../../../protocols/study/models/scattering.ts'
import { normalisationLength, statisticsShape } from '../../../protocols/study/normalisation-kinds.ts'
import { planStudy, sumIn } from '../../../protocols/study/plan.ts'
import { STATISTICS_ROUND } from '../../../protocols/study/rounds.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'

const SCALE = 2 ** 12
const STUDY = testStudy(testSigners(4), {
  units: 500,
  contract: { kind: 'image', shape: [8, 8, 1], classes: ['a', 'b', 'c'] },
  model: { preset: 'scattering', scales: 2, angles: 4, cell: 4 },
  normalisation: { kind: 'mean', norm: FEATURE_NORM, noiseMultiplier: 4 },
})
/** Four cells of 1 + 8 + 16 channels. */
const FEATURES = 4 * 25

test('without noise the mean is the sum over the nominal number of units', t => {
  const sum = Int32Array.of(SCALE * 100, SCALE * -50, 0)
  t.deepEqual([...featureMeanOf(sum, { features: 3, units: 200, scale: SCALE, noise: 0 })], [0.5, -0.25, 0])
  t.deepEqual([...featureMeanOf(new Int32Array(2), { features: 2, units: 200, scale: SCALE, noise: 9 })], [0, 0])
})

test('the mean is shortened by what noise alone would have made of it, and is 0 where that is all of it', t => {
  const terms = { features: 2, units: 1, scale: 1 }
  // a square of 25 of which 2 · 2² is expected of noise
  const [first, second] = featureMeanOf(Int32Array.of(3, 4), { ...terms, noise: 2 })
  t.true(Math.abs(first! - 3 * (17 / 25)) < 1e-6)
  t.true(Math.abs(second! - 4 * (17 / 25)) < 1e-6)
  t.deepEqual([...featureMeanOf(Int32Array.of(3, 4), { ...terms, noise: 4 })], [0, 0])
})

test('whatever is opened, the mean is finite and no longer than without noise', t => {
  const word = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 9 }), fc.nat({ max: 2 ** 22 }), (words, noise) => {
      const terms = { features: words.length, units: 7, scale: SCALE }
      const plain = featureMeanOf(Int32Array.from(words), { ...terms, noise: 0 })
      const mean = featureMeanOf(Int32Array.from(words), { ...terms, noise })
      t.true(mean.every((value, at) => Math.abs(value) <= Math.abs(plain[at]!)))
    }),
  )
  t.throws(() => featureMeanOf(new Int32Array(4), { features: 3, units: 7, scale: SCALE, noise: 0 }), {
    code: 'length-mismatch',
  })
})

test('a unit adds at most the norm of features: no squares and no count', t => {
  t.deepEqual(statisticsShape(STUDY), { dimension: FEATURES, norm: FEATURE_NORM, valueMax: 500 * FEATURE_NORM })
  t.is(planStudy(STUDY).statistics!.dimension, FEATURES)
  t.is(normalisationLength(STUDY), FEATURES)
})

test('the mean is 0 before its round, is in every checkpoint after it, and trains nothing', t => {
  const plan = planStudy(STUDY)
  const start = initialCheckpoint(STUDY)
  t.deepEqual(start.normalisation, new Float32Array(FEATURES))
  const { scale } = sumIn(plan, STATISTICS_ROUND).fixedPoint
  const sum = Int32Array.from({ length: FEATURES }, (_, at) => Math.round(scale * (at - 40)))
  const next = nextCheckpoint(start, sum, { document: STUDY, plan, round: STATISTICS_ROUND })
  t.true(next.normalisation.every((value, at) => Math.abs(value - (at - 40) / 500) < 1e-6))
  t.is(next.round, 0)
  t.deepEqual(next.parameters, start.parameters)
  const after = nextCheckpoint(next, new Int32Array(plan.dimension), { document: STUDY, plan, round: 1 })
  t.deepEqual(after.normalisation, next.normalisation)
})
