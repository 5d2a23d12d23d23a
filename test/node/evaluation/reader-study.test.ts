// Claims of node/evaluation/reader-study.ts: a planted reader who is better, equal or worse than the model is told as such
// at the stated rates; comparisons are paired, on the records that were read.

import test from 'ava'
import { decisionsAt } from '../../../node/evaluation/decisions.ts'
import { agreementOf, compareReader } from '../../../node/evaluation/reader-study.ts'
import type { Reader } from '../../../node/evaluation/readers.ts'
import { verdictOf } from '../../../node/evaluation/report/reader-section.ts'
import { type Sample, sampleUnits } from '../../../node/evaluation/sample.ts'
import { seededRng } from '../../helpers/seeded-rng.ts'
import { scoredSample, uniformOf } from './scored-sample.ts'

const SEEDS = 100
const COUNT = 300
const THRESHOLDS = [0.5]

/** A reader who is right with a probability, whatever the model says. */
function planted(seed: string, { labels }: Sample, accuracy: number): Reader {
  const next = uniformOf(seed)
  return { name: 'planted', readings: labels.map(label => (next() < accuracy ? label : 1 - label)) }
}

/** How often each verdict falls, over seeds. The model's own accuracy is Φ(distance / 2) = 0.8 at 1.683. */
function verdicts(accuracy: number): Record<'model' | 'reader' | 'open', number> {
  const fallen = { model: 0, reader: 0, open: 0 }
  for (let seed = 0; seed < SEEDS; seed++) {
    const sample = scoredSample(`reader study ${seed}`, { count: COUNT, distance: 1.683 })
    const reader = planted(`planted ${accuracy} ${seed}`, sample, accuracy)
    const found = compareReader(sample, reader, { thresholds: THRESHOLDS, rng: seededRng('r'), resamples: 2 })
    fallen[verdictOf(found.accuracy)] += 1
  }
  return fallen
}

test('a reader who is right 12 points more often is told better: power 0.98 on 300 records', t => {
  const { reader, model } = verdicts(0.92)
  t.true(reader >= 93, String(reader))
  t.is(model, 0)
})

test('a reader who is as good is called different in 5 of 100 studies or about so', t => {
  const { reader, model } = verdicts(0.8)
  t.true(reader + model <= 11, `${reader} ${model}`)
})

test('a reader who is right 12 points less often is told worse: power 0.9 on 300 records', t => {
  const { reader, model } = verdicts(0.68)
  t.true(model >= 82, String(model))
  t.is(reader, 0)
})

test('differences are the model less the reader, on the records that were read, with intervals around them', t => {
  const sample = scoredSample('paired', { count: 200, distance: 1.683 })
  const all = planted('paired reader', sample, 0.9)
  const readings = all.readings.map((reading, record) => (record < 80 ? reading : -1))
  const found = compareReader(
    sample,
    { name: 'half', readings },
    { thresholds: THRESHOLDS, rng: seededRng('s'), resamples: 500 },
  )
  const { predicted } = decisionsAt(sample, THRESHOLDS)
  const right = (said: Int32Array, wanted: (label: number) => boolean): number => {
    const own = [...said.keys()].filter(record => record < 80 && wanted(sample.labels[record]!))
    return own.filter(record => said[record] === sample.labels[record]).length / own.length
  }
  t.is(found.count, 80)
  for (const [comparison, wanted] of [
    [found.accuracy, () => true],
    [found.classes[0]!.sensitivity, (label: number) => label === 1],
    [found.classes[0]!.specificity, (label: number) => label === 0],
  ] as const) {
    const expected = right(predicted, wanted) - right(readings, wanted)
    t.true(Math.abs(comparison.difference.value - expected) < 1e-12)
    t.true(comparison.difference.low < expected && expected < comparison.difference.high)
    t.true(comparison.test !== null && comparison.test.p > 0 && comparison.test.p <= 1)
  }
})

test('where patients have several records no test is said to hold, and the interval decides', t => {
  const sample = scoredSample('clustered readers', { count: 200, distance: 1.683 })
  const units = sampleUnits(
    200,
    Array.from({ length: 200 }, (_, at) => at >> 2),
  )
  const reader = planted('clustered reader', sample, 0.99)
  const found = compareReader({ ...sample, units }, reader, {
    thresholds: THRESHOLDS,
    rng: seededRng('u'),
    resamples: 300,
  })
  t.is(found.accuracy.test, null)
  t.is(verdictOf(found.accuracy), 'reader')
})

test('agreement: a reader agrees fully with a copy, and with nobody whose records were not read', t => {
  const sample = scoredSample('agreement', { count: 100, distance: 1 })
  const { predicted } = decisionsAt(sample, THRESHOLDS)
  const unread = { name: 'other', readings: new Int32Array(100).fill(-1) }
  const kappa = agreementOf(predicted, [{ name: 'copy', readings: predicted.slice() }, unread], 2)
  t.deepEqual(kappa[0]!.slice(0, 2), [1, 1])
  t.is(kappa[0]![2], Number.NaN)
})
