// Claims of node/evaluation: what figures do not depend on, what their intervals cover, and what a missing class or a record
// without a score does to them.

import test from 'ava'
import fc from 'fast-check'
import { analyse } from '../../../node/evaluation/analysis.ts'
import { bootstrapIntervals } from '../../../node/evaluation/bootstrap.ts'
import { decisionsAt, thresholdsOf } from '../../../node/evaluation/decisions.ts'
import { delong } from '../../../node/evaluation/delong.ts'
import { evaluateSample } from '../../../node/evaluation/evaluate-sample.ts'
import { rocAuc, rocOf } from '../../../node/evaluation/roc.ts'
import { type Sample, sampleUnits } from '../../../node/evaluation/sample.ts'
import { subgroupsOf } from '../../../node/evaluation/subgroups.ts'
import { parseThresholdRule, ruleText, thresholdOf } from '../../../node/evaluation/threshold.ts'
import { seededRng } from '../../helpers/seeded-rng.ts'
import { scoredSample, uniformOf } from './scored-sample.ts'

const FEW = { resamples: 200 }
const close = (a: number, b: number): boolean => Math.abs(a - b) < 1e-9

test('area and its variance stay under every monotone map of the scores, and mirror when labels are swapped', t => {
  const list = fc.array(fc.tuple(fc.integer({ min: -20, max: 20 }), fc.constantFrom(0, 1)), {
    minLength: 4,
    maxLength: 60,
  })
  const both = list.filter(all => [0, 1].every(label => all.filter(([, own]) => own === label).length > 1))
  fc.assert(
    fc.property(both, all => {
      const [scores, labels] = [all.map(([score]) => score), all.map(([, label]) => label)]
      const plain = delong([scores], labels)
      const mapped = delong([scores.map(score => Math.exp(score / 10) * 3 - 1)], labels)
      const swapped = delong(
        [scores],
        labels.map(label => 1 - label),
      )
      t.true(close(plain.areas[0]!, rocAuc(scores, labels)))
      t.true(close(plain.areas[0]!, mapped.areas[0]!) && close(plain.areas[0]!, 1 - swapped.areas[0]!))
      const variances = [plain, mapped, swapped].map(({ covariance }) => covariance[0]![0]!)
      t.true(close(variances[0]!, variances[1]!) && close(variances[0]!, variances[2]!))
    }),
  )
})

test("the bootstrap's interval of a mean is about the normal one, and the same for the same stream", t => {
  const next = uniformOf('mean')
  const values = Float64Array.from({ length: 400 }, () => next())
  const figures = (weights: Float64Array): number[] => [
    values.reduce((sum, value, at) => sum + value * weights[at]!, 0) / 400,
  ]
  const input = { units: sampleUnits(400, undefined), count: 400, figures }
  const [first] = bootstrapIntervals({ ...input, rng: seededRng('a') })
  const mean = figures(new Float64Array(400).fill(1))[0]!
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 400 / 400)
  t.true(Math.abs(first!.low - (mean - 1.96 * deviation)) < 0.15 * deviation)
  t.true(Math.abs(first!.high - (mean + 1.96 * deviation)) < 0.15 * deviation)
  t.deepEqual(bootstrapIntervals({ ...input, rng: seededRng('a') }), [first!])
})

test('whole patients are drawn: ten copies of each record make no interval narrower', t => {
  const next = uniformOf('patients')
  const values = Float64Array.from({ length: 50 }, () => next())
  const copied = Float64Array.from({ length: 500 }, (_, at) => values[at % 50]!)
  const widthOf = (all: Float64Array, patients: number[] | undefined): number => {
    const figures = (weights: Float64Array): number[] => [
      all.reduce((sum, value, at) => sum + value * weights[at]!, 0) / weights.reduce((sum, weight) => sum + weight, 0),
    ]
    const units = sampleUnits(all.length, patients)
    const [range] = bootstrapIntervals({ units, count: all.length, figures, rng: seededRng('b') })
    return range!.high - range!.low
  }
  const own = widthOf(values, undefined)
  t.true(
    close(
      widthOf(
        copied,
        Array.from(copied, (_, at) => at % 50),
      ),
      own,
    ),
  )
  t.true(widthOf(copied, undefined) < 0.5 * own)
})

test('about 95 of 100 intervals of the area cover the true one', t => {
  // normal scores one deviation apart: the true area is Φ(1/√2)
  const truth = 0.7602499
  let covered = 0
  for (let seed = 0; seed < 200; seed++) {
    const sample = scoredSample(`cover ${seed}`, { count: 120, distance: 1 })
    const { auc } = analyse(sample, decisionsAt(sample, [0.5]), { rng: seededRng('c'), resamples: 2 }).classes[0]!
      .figures
    t.is(auc.method, 'delong')
    if (auc.low <= truth && truth <= auc.high) covered++
  }
  t.true(covered >= 180 && covered <= 199, String(covered))
})

test('patients with several records have bootstrap intervals everywhere', t => {
  const sample = scoredSample('clusters', { count: 90, distance: 1 })
  const units = sampleUnits(
    90,
    Array.from({ length: 90 }, (_, at) => at % 40),
  )
  const found = analyse({ ...sample, units }, decisionsAt(sample, [0.5]), { rng: seededRng('d'), ...FEW })
  t.true(found.clustered)
  t.is(found.units, 40)
  for (const { method } of [...Object.values(found.overall), ...Object.values(found.classes[0]!.figures)]) {
    t.is(method, 'bootstrap')
  }
})

test('a class without records leaves the figures of the others whole', t => {
  const next = uniformOf('three')
  const labels = Int32Array.from({ length: 80 }, (_, at) => at % 2)
  const scores = Float32Array.from(
    { length: 240 },
    (_, at) => next() + (at % 3 === labels[Math.floor(at / 3)] ? 0.5 : 0),
  )
  const sample: Sample = { classes: ['a', 'b', 'c'], labels, scores, units: sampleUnits(80, undefined) }
  const { analysis } = evaluateSample(
    { sample, rule: { kind: 'youden' }, groupings: [], readers: [] },
    { rng: seededRng('e'), ...FEW },
  )
  const [a, b, c] = analysis.classes
  t.true(a!.figures.auc.value > 0.6 && a!.figures.auc.low > 0.5 && b!.figures.auc.value > 0.6)
  t.is(c!.figures.auc.value, Number.NaN)
  t.is(c!.figures.sensitivity.value, Number.NaN)
  t.true(close(analysis.overall.macroAuc.value, (a!.figures.auc.value + b!.figures.auc.value) / 2))
  t.false(Number.isNaN(analysis.overall.macroAuc.low))
})

test('records whose score is no number are named, and no figure counts them', t => {
  const sample = scoredSample('unscored', { count: 60, distance: 1 })
  const scores = sample.scores.slice()
  scores[2 * 7 + 1] = Number.NaN
  scores[2 * 31] = Number.POSITIVE_INFINITY
  const question = { rule: { kind: 'score', value: 0.5 } as const, groupings: [], readers: [] }
  const found = evaluateSample({ ...question, sample: { ...sample, scores } }, { rng: seededRng('f'), ...FEW })
  t.deepEqual([found.unscored, found.records, found.analysis.count], [[7, 31], 60, 58])
  t.false(Number.isNaN(found.analysis.overall.macroAuc.value))
  const none = evaluateSample(
    { ...question, sample: { ...sample, scores: scores.fill(Number.NaN) } },
    { rng: seededRng('f'), ...FEW },
  )
  t.is(none.analysis.count, 0)
  t.true(Object.values(none.analysis.overall).every(({ value, low }) => Number.isNaN(value) && Number.isNaN(low)))
})

test('a threshold is what its rule says', t => {
  const scores = [0.1, 0.2, 0.3, 0.6, 0.7, 0.9]
  const { points } = rocOf(scores, [false, true, false, false, true, true])
  t.is(thresholdOf({ kind: 'youden' }, points), 0.7)
  t.is(thresholdOf({ kind: 'sensitivity', value: 1 }, points), 0.2)
  t.is(thresholdOf({ kind: 'sensitivity', value: 0.6 }, points), 0.7)
  t.is(thresholdOf({ kind: 'score', value: 0.4 }, null), 0.4)
  t.is(thresholdOf({ kind: 'youden' }, null), Number.NaN)
  t.is(thresholdOf({ kind: 'largest' }, points), null)
  for (const text of ['youden', 'largest', 'sensitivity=0.95', '0.5', 'sensitivity=1']) {
    t.is(ruleText(parseThresholdRule(text)!), text)
  }
  for (const text of ['', '0', '1', '2', 'sensitivity=0', 'sensitivity=', 'best', '0.5 ', '-0.5', '1e-1']) {
    t.is(parseThresholdRule(text), null, text)
  }
  fc.assert(
    fc.property(fc.string(), text => {
      const rule = parseThresholdRule(text)
      return rule === null || rule.kind === 'largest' || rule.kind === 'youden' || (rule.value > 0 && rule.value <= 1)
    }),
  )
})

test('small subgroups are said to be small, and thresholds are those of all records', t => {
  const sample = scoredSample('groups', { count: 120, distance: 1 })
  const groups = Array.from({ length: 120 }, (_, at) => (at < 20 ? 'young' : at < 110 ? 'old' : null))
  const thresholds = thresholdsOf(sample, { kind: 'youden' })
  const found = subgroupsOf(sample, { column: 'age', groups }, { rng: seededRng('g'), ...FEW, thresholds })
  t.deepEqual(
    found.map(({ group, analysis, few }) => [group, analysis.count, few === null, analysis.classes[0]!.threshold]),
    [
      ['old', 90, true, thresholds[0]!],
      ['young', 20, false, thresholds[0]!],
      [null, 10, false, thresholds[0]!],
    ],
  )
})
