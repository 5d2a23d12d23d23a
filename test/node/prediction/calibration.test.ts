// Claims of node/prediction/calibration.ts: calibrated probabilities rise with the score and add up to 1; without noise they
// are the parts of the bins where these rise; noise moves them little; a study without an evaluation, or with one that says
// nothing, has none; every output says which evaluation it was.

import test from 'ava'
import fc from 'fast-check'
import { calibrationOf, isotonicSteps } from '../../../node/prediction/calibration.ts'
import { predictionWriter } from '../../../node/prediction/format.ts'
import { type Prediction, predictions } from '../../../node/prediction/predict.ts'
import { normalsOf } from '../../../node/study/count-redraws.ts'
import { documentOfSpec, parseStudySpec } from '../../../node/study/study-spec.ts'
import { plannedHospitals } from '../../../node/study/templates.ts'
import { initialCheckpoint } from '../../../protocols/model/checkpoint.ts'
import { evaluated } from '../../../protocols/model/evaluation-state.ts'
import { binOf, evaluationLayout } from '../../../protocols/study/evaluation.ts'
import { gathered } from '../../helpers/readings.ts'
import { seededRng } from '../../helpers/seeded-rng.ts'

const SCALE = 1000

function judged(classes: readonly string[], bins: number) {
  const text = `
name = "Judged"
rounds = 4
units = 2000
[contract]
kind = "vector"
shape = [5]
classes = ${JSON.stringify(classes)}
patients = true
[evaluation]
bins = ${bins}
every = 2
[model]
preset = "logistic"
[optimizer]
learningRate = 0.1
[privacy]
epsilon = 3
delta = 1e-5
clippingNorm = 1
sampleRate = 0.1
`
  const spec = { ...parseStudySpec(text, 'spec', { hospitals: 'later' }), hospital: plannedHospitals(4) }
  return documentOfSpec(spec, { created: '2026-01-01T00:00:00Z', file: 'spec' }).document
}

/** The state after one evaluation, of counts by class, label and bin. */
function stateOf(document: ReturnType<typeof judged>, countOf: (scored: number, label: number, bin: number) => number) {
  const [classes, bins] = [document.contract.classes.length, document.evaluation!.bins]
  const layout = evaluationLayout(classes, bins)
  const sum = new Int32Array(layout.dimension)
  for (const scored of layout.scored) {
    for (let label = 0; label < classes; label++) {
      for (let bin = 0; bin < bins; bin++) {
        sum[layout.binAt(scored, label, bin)] = Math.round(SCALE * countOf(scored, label, bin))
      }
    }
  }
  return evaluated(initialCheckpoint(document), sum, { document, round: 2, scale: SCALE, noise: 0 }).evaluation!
}

const histogram = fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 8, maxLength: 8 })

test('of any counts the calibrated part rises with the bin, and is neither 0 nor 1', t => {
  fc.assert(
    fc.property(histogram, histogram, fc.constantFrom(0, 1, 5), (positive, negative, noise) => {
      fc.pre(positive.some(Boolean) && negative.some(Boolean))
      const sides = { positive: Float64Array.from(positive), negative: Float64Array.from(negative) }
      const steps = isotonicSteps(sides, { noise, rest: 1 })
      t.is(steps.length, 8)
      t.true(steps.every(step => step > 0 && step < 1))
      steps.forEach((step, bin) => {
        if (bin > 0) t.true(step >= steps[bin - 1]!)
      })
    }),
  )
})

test('parts that rise are kept, those that fall are pooled by their units', t => {
  const sides = (positive: number[], negative: number[]) => {
    return { positive: Float64Array.from(positive), negative: Float64Array.from(negative) }
  }
  const rising = isotonicSteps(sides([10, 30, 80], [90, 70, 20]), { noise: 0, rest: 1 })
  t.deepEqual([...rising], [0.1, 0.3, 0.8])
  const falling = isotonicSteps(sides([10, 60, 15, 90], [90, 40, 35, 10]), { noise: 0, rest: 1 })
  t.deepEqual([...falling], [0.1, 0.5, 0.5, 0.9])
  const empty = isotonicSteps(sides([0, 0, 0, 90], [90, 0, 0, 0]), { noise: 0, rest: 1 })
  t.is(empty[0], 1 / 182)
  t.is(empty[3], 1 - 1 / 182)
})

test('calibrated probabilities add up to 1, and each rises with its score', t => {
  const document = judged(['a', 'b', 'c'], 8)
  const evaluation = stateOf(document, (scored, label, bin) => (label === scored ? 900 * (bin + 1) : 700 * (9 - bin)))
  const { calibrated, round } = calibrationOf(document, evaluation)!
  t.is(round, 2)
  const part = fc.double({ min: 0.001, max: 1, noNaN: true })
  fc.assert(
    fc.property(part, part, part, (...parts) => {
      const all = parts.reduce((sum, one) => sum + one, 0)
      const found = calibrated(parts.map(one => one / all))
      t.true(Math.abs(found.reduce((sum, one) => sum + one, 0) - 1) < 1e-12)
      t.true(found.every(one => one > 0 && one < 1))
    }),
  )
  t.true(calibrated([0.9, 0.05, 0.05])[0]! > calibrated([0.4, 0.3, 0.3])[0]!)
})

test('of two classes the part of the bin is the probability, and noise moves it little', t => {
  const document = judged(['a', 'b'], 8)
  const part = (bin: number) => 0.1 + 0.1 * bin
  const exact = calibrationOf(
    document,
    stateOf(document, (_, label, bin) => 5000 * (label === 1 ? part(bin) : 1 - part(bin))),
  )!
  const normal = normalsOf(seededRng('noise of a calibration'))
  for (const probability of [0.01, 0.3, 0.6, 0.99]) {
    const [first, second] = exact.calibrated([1 - probability, probability]) as [number, number]
    t.true(Math.abs(second - part(binOf(probability, 8))) < 1e-6)
    t.is(first + second, 1)
  }
  const noised = stateOf(document, (_, label, bin) => 5000 * (label === 1 ? part(bin) : 1 - part(bin)) + 50 * normal())
  const { calibrated } = calibrationOf(document, noised)!
  for (const probability of [0.01, 0.3, 0.6, 0.99]) {
    t.true(Math.abs(calibrated([1 - probability, probability])[1]! - part(binOf(probability, 8))) < 0.03)
  }
})

test('without an evaluation, or with one that says nothing, there is no calibration', t => {
  const document = judged(['a', 'b'], 8)
  t.is(calibrationOf(document, null), null)
  t.is(calibrationOf(document, initialCheckpoint(document).evaluation), null)
  t.is(
    calibrationOf(
      document,
      stateOf(document, () => 0.5),
    ),
    null,
  )
})

test('predictions are calibrated, their class goes by the scores, and every form says so', async t => {
  const { contract } = judged(['a', 'b'], 8)
  const place = { file: 'x.csv', array: null, row: 1 }
  async function* found() {
    yield { place, values: new Float32Array(5) }
  }
  const scorer = { score: () => ({ probabilities: Float32Array.of(0.25, 0.75) }) } as never
  const calibration = { round: 2, calibrated: () => [0.9, 0.1] }
  const [one] = (await gathered(predictions(found(), { scorer, contract, calibration }))) as [Prediction]
  t.like(one, { probabilities: [0.9, 0.1], scores: [0.25, 0.75], predicted: 1 })
  const by = {
    study: 'ab',
    name: 'S',
    classes: ['a', 'b'],
    round: 3,
    checkpoint: 'cd',
    threshold: null,
    calibratedBy: 2,
  }
  const json = JSON.parse(predictionWriter('jsonl', by, 1).line(one, null))
  t.like(json, { class: 'b', calibratedBy: 2 })
  t.deepEqual(json.probabilities[1], { class: 'b', probability: 0.1, uncalibrated: 0.75 })
  const table = predictionWriter('table', by, 1)
  t.regex(table.head().join('\n'), /calibrated by the evaluation of round 2/)
  t.regex(table.line(one, null), /^0\.9000 +0\.1000 +b/)
  const csv = predictionWriter('csv', by, 1)
  t.deepEqual(
    [csv.head()[0], csv.line(one, null).split(',').slice(0, 8).join(',')],
    [
      'file,array,row,class,p(a),p(b),uncalibrated(a),uncalibrated(b),threshold,heatMap,error,study,round,checkpoint,calibratedBy,notice',
      'x.csv,,1,b,0.9,0.1,0.25,0.75',
    ],
  )
  t.regex(
    predictionWriter('table', { ...by, calibratedBy: null }, 1)
      .head()
      .join('\n'),
    /not calibrated/,
  )
})
