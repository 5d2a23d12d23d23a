// Claims of node/study/{evaluation-plan,evaluation-figures,study-spec}.ts: a spec's evaluation becomes single rounds whose
// noise keeps the promise for whoever is held back and whoever is trained on; the bins are those with the least deviation;
// figures hold the exact value in their intervals.

import test from 'ava'
import { evaluationFigures } from '../../../node/study/evaluation-figures.ts'
import { bestBins, expectedDeviation, unitsFor } from '../../../node/study/evaluation-plan.ts'
import { evaluationSentences } from '../../../node/study/evaluation-text.ts'
import { documentOfSpec, evaluationAhead, parseStudySpec } from '../../../node/study/study-spec.ts'
import { plannedHospitals } from '../../../node/study/templates.ts'
import { initialCheckpoint } from '../../../protocols/model/checkpoint.ts'
import { evaluated } from '../../../protocols/model/evaluation-state.ts'
import { chargedEpsilonOf, keepsSidesApart, plannedEpsilons } from '../../../protocols/study/epsilons.ts'
import { evaluationLayout } from '../../../protocols/study/evaluation.ts'
import { lastRound, roundKind, trainingRounds } from '../../../protocols/study/rounds.ts'

const specText = (patients: boolean, evaluation: string): string => `
name = "Judged"
rounds = 25
units = 2000
[contract]
kind = "vector"
shape = [5]
classes = ["no", "yes"]
${patients ? 'patients = true' : ''}
${evaluation}
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

const documentOf = (patients: boolean, evaluation: string) => {
  const spec = parseStudySpec(specText(patients, evaluation), 'spec', { hospitals: 'later' })
  const hospital = plannedHospitals(4)
  return documentOfSpec({ ...spec, hospital }, { created: '2026-01-01T00:00:00Z', file: 'spec' }).document
}

test('evaluations stand after every so many rounds of training, and at the end', t => {
  const document = documentOf(true, '[evaluation]\nevery = 10')
  t.deepEqual(
    document.schedule.map(({ kind, rounds }) => `${kind} ${rounds}`),
    ['training 10', 'evaluation 1', 'training 10', 'evaluation 1', 'training 5', 'evaluation 1'],
  )
  t.is(trainingRounds(document), 25)
  t.is(lastRound(document), 28)
  t.is(roundKind(document, 11), 'evaluation')
  t.deepEqual(documentOf(true, '[evaluation]').schedule.at(-1), { kind: 'evaluation', rounds: 1 })
  t.is(document.evaluation!.units, Math.round((2000 * 0.15) / 0.85))
})

test('the promise holds on both sides: each pays the whole epsilon where patients are kept apart, both together where not', t => {
  const [apart, together, without] = [
    documentOf(true, '[evaluation]\nevery = 10'),
    documentOf(false, '[evaluation]\nevery = 10'),
    documentOf(false, ''),
  ]
  t.true(keepsSidesApart(apart))
  t.false(keepsSidesApart(together))
  for (const document of [apart, together, without]) {
    const epsilon = chargedEpsilonOf(document, 1)
    t.true(epsilon <= 3 && epsilon > 2.97, `${epsilon}`)
    t.true(plannedEpsilons(document).colluding <= 3)
  }
  t.is(apart.privacy.noiseMultiplier, without.privacy.noiseMultiplier, 'who is held back costs the others nothing')
  t.true(together.privacy.noiseMultiplier > without.privacy.noiseMultiplier)
  t.true(together.evaluation!.noiseMultiplier > apart.evaluation!.noiseMultiplier)
  // a patient known to two hospitals may be held back at one alone
  t.true(chargedEpsilonOf(apart, 2) > chargedEpsilonOf(without, 2))
})

test('the plan takes the bins with the least deviation, and knows how many units a deviation needs', t => {
  const document = documentOf(true, '[evaluation]\nevery = 10')
  const { terms, expected } = evaluationAhead(document)!
  const { bins, total } = expected
  for (let other = 2; other <= 64; other++) t.true(expectedDeviation(terms, other).total >= 0.999 * total)
  t.is(documentOf(true, '[evaluation]\nbins = 7').evaluation!.bins, 7)
  const needed = unitsFor(0.01, terms)!
  t.true(bestBins({ ...terms, units: needed }).total <= 0.01)
  t.true(bestBins({ ...terms, units: Math.floor(needed / 1.15) }).total > 0.01)
  t.is(bestBins({ ...terms, noise: 1e9 }).total, 1)
  t.regex(evaluationSentences(document).join(' '), /holds back 15 % of its patients/)
  t.true(bins >= 2)
})

test('figures of exact counts are their areas, within their intervals; the accuracy of two classes is that at the threshold', t => {
  const document = documentOf(true, '[evaluation]\nbins = 4')
  const layout = evaluationLayout(2, 4)
  const sum = new Int32Array(layout.dimension)
  for (const label of [0, 1]) {
    sum[layout.binAt(1, label, 3 * label)] = 800_000
    sum[layout.binAt(1, label, 3 - 3 * label)] = 200_000
  }
  const checkpoint = evaluated(initialCheckpoint(document), sum, { document, round: 26, scale: 1000, noise: 0 })
  const figures = evaluationFigures(document, checkpoint.evaluation!, 'newest')!
  t.true(Math.abs(figures.auc!.value - 0.8) < 1e-6)
  t.true(figures.auc!.low < 0.8 && figures.auc!.high > 0.8)
  t.is(figures.threshold.toFixed(6), '0.500000')
  t.is(figures.accuracy!.value.toFixed(6), '0.800000')
  t.deepEqual(evaluationFigures(document, checkpoint.evaluation!, 'best'), figures)
  t.is(evaluationFigures(document, initialCheckpoint(document).evaluation!, 'newest'), null)
})
