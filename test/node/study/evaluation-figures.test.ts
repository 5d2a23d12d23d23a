// Claims of node/study/{evaluation-figures,decision-figures,calibration-figures,count-redraws}.ts: without noise the figures
// are those of a direct computation; with noise their intervals hold the exact ones; what the noise dominates is not shown;
// the same counts give the same figures.

import test from 'ava'
import fc from 'fast-check'
import { middleOf } from '../../../node/study/calibration-figures.ts'
import { type EvaluatedFigure, normalsOf } from '../../../node/study/count-redraws.ts'
import { thresholdBin } from '../../../node/study/decision-figures.ts'
import {
  evaluationFigures,
  figuresNotes,
  figuresOf,
  namedFigures,
  noiseOfCounts,
} from '../../../node/study/evaluation-figures.ts'
import { evaluationSentences } from '../../../node/study/evaluation-text.ts'
import { documentOfSpec, evaluationAhead, parseStudySpec } from '../../../node/study/study-spec.ts'
import { plannedHospitals } from '../../../node/study/templates.ts'
import { evaluationSum } from '../../../node/training/evaluation-sum.ts'
import { initialCheckpoint } from '../../../protocols/model/checkpoint.ts'
import { evaluated } from '../../../protocols/model/evaluation-state.ts'
import { binOf, evaluationLayout, layoutOf } from '../../../protocols/study/evaluation.ts'
import { seededRng } from '../../helpers/seeded-rng.ts'

interface Scored {
  readonly label: number
  readonly probabilities: Float32Array
}

const NAMES = ['a', 'b', 'c', 'd']

/** Units of one record each, whose scores say something of their class. */
function scoredUnits(seed: string, { classes, count }: { classes: number; count: number }): Scored[] {
  const normal = normalsOf(seededRng(seed))
  return Array.from({ length: count }, (_, at) => {
    const label = at % classes
    const odds = Array.from({ length: classes }, (_, one) => Math.exp((one === label ? 1.5 : 0) + normal()))
    const all = odds.reduce((sum, one) => sum + one, 0)
    return { label, probabilities: Float32Array.from(odds, one => one / all) }
  })
}

function countsOfUnits(scored: readonly Scored[], shape: { classes: number; bins: number }): Float32Array {
  const units = { count: scored.length, recordsOf: (unit: number) => Uint32Array.of(unit) }
  const labelOf = (record: number) => scored[record]!.label
  const probabilitiesOf = (record: number) => scored[record]!.probabilities
  return Float32Array.from(evaluationSum({ units, labelOf, probabilitiesOf } as never, shape))
}

const share = (values: readonly boolean[]): number => values.filter(Boolean).length / values.length

/** Figures of the units themselves, by their definitions. */
function directly(scored: readonly Scored[], { classes, bins }: { classes: number; bins: number }) {
  const from = thresholdBin(bins)
  const said = (one: Scored, category: number) => binOf(one.probabilities[category]!, bins) >= from
  const predicted = (one: Scored) =>
    classes === 2 ? (said(one, 1) ? 1 : 0) : one.probabilities.indexOf(Math.max(...one.probabilities))
  const ofClass = (category: number) => {
    const of = scored.filter(({ label }) => label === category)
    const rest = scored.filter(({ label }) => label !== category)
    let error = 0
    for (let bin = 0; bin < bins; bin++) {
      const inside = scored.filter(({ probabilities }) => binOf(probabilities[category]!, bins) === bin)
      if (inside.length === 0) continue
      error += inside.length * Math.abs(share(inside.map(({ label }) => label === category)) - middleOf(bin, bins))
    }
    return {
      sensitivity: share(of.map(one => said(one, category))),
      specificity: share(rest.map(one => !said(one, category))),
      precision: share(scored.filter(one => said(one, category)).map(({ label }) => label === category)),
      calibrationError: error / scored.length,
    }
  }
  // Matthews' coefficient as the correlation of indicators, Gorodkin 2004
  let [both, true2, said2] = [0, 0, 0]
  const f1: number[] = []
  for (let category = 0; category < classes; category++) {
    const [t, p] = [scored.map(({ label }) => label === category), scored.map(one => predicted(one) === category)]
    const [mt, mp] = [share(t), share(p)]
    t.forEach((yes, at) => {
      both += (Number(yes) - mt) * (Number(p[at]) - mp)
      true2 += (Number(yes) - mt) ** 2
      said2 += (Number(p[at]) - mp) ** 2
    })
    f1.push((2 * t.filter((yes, at) => yes && p[at]).length) / (t.filter(Boolean).length + p.filter(Boolean).length))
  }
  return {
    classes: (classes === 2 ? [1] : NAMES.slice(0, classes).map((_, category) => category)).map(ofClass),
    accuracy: share(scored.map(one => predicted(one) === one.label)),
    mcc: said2 === 0 ? 0 : both / Math.sqrt(true2 * said2),
    macroF1: f1.reduce((sum, one) => sum + one, 0) / classes,
  }
}

const shapes = fc.record({ classes: fc.integer({ min: 2, max: 4 }), bins: fc.integer({ min: 2, max: 20 }) })

test('without noise every figure is that of a direct computation, inside its interval', t => {
  fc.assert(
    fc.property(shapes, fc.string(), (shape, seed) => {
      const scored = scoredUnits(seed, { classes: shape.classes, count: 60 })
      const [layout, names] = [evaluationLayout(shape.classes, shape.bins), NAMES.slice(0, shape.classes)]
      const found = figuresOf(countsOfUnits(scored, shape), { layout, noise: 0, names })
      const wanted = directly(scored, shape)
      const same = (figure: EvaluatedFigure | null, value: number) => {
        if (Number.isNaN(value)) return t.is(figure, null)
        t.true(Math.abs(figure!.value - value) < 1e-6, `${figure!.value} is not ${value}`)
        return t.true(figure!.low <= figure!.value && figure!.value <= figure!.high)
      }
      for (const key of ['accuracy', 'mcc', 'macroF1'] as const)
        same(found[key], key === 'mcc' ? wanted.mcc : wanted[key])
      found.classes.forEach((one, at) => {
        const direct = wanted.classes[at]!
        for (const key of ['sensitivity', 'specificity', 'precision', 'calibrationError'] as const) {
          same(one[key], direct[key])
        }
        one.reliability.forEach(({ observed }, bin) => {
          const category = shape.classes === 2 ? 1 : at
          const inside = scored.filter(({ probabilities }) => binOf(probabilities[category]!, shape.bins) === bin)
          same(observed, share(inside.map(({ label }) => label === category)))
        })
      })
    }),
    { numRuns: 15 },
  )
})

for (const [classes, bins, noise] of [
  [2, 7, 6],
  [2, 12, 3],
  [3, 8, 6],
] as const) {
  test(`of ${classes} classes, ${bins} bins and noise ${noise} the intervals hold the exact figures in 90 of 100`, t => {
    const shape = { classes, bins }
    const [layout, names] = [evaluationLayout(classes, bins), NAMES.slice(0, classes)]
    const scored = scoredUnits('coverage', { classes, count: 1200 })
    const exact = countsOfUnits(scored, shape)
    const wanted = namedFigures(figuresOf(exact, { layout, noise: 0, names }))
    const normal = normalsOf(seededRng('noise of coverage'))
    const held = wanted.map(() => 0)
    for (let repeat = 0; repeat < 100; repeat++) {
      const counts = exact.map(count => count + noise * normal())
      namedFigures(figuresOf(counts, { layout, noise, names })).forEach(([, figure], at) => {
        const value = wanted[at]![1]!.value
        if (figure !== null && figure.low <= value && value <= figure.high) held[at]! += 1
      })
    }
    for (const [at, [name]] of wanted.entries()) t.true(held[at]! >= 90, `${name}: ${held[at]}`)
  })
}

test('a well calibrated model has a calibration error near 0 in spite of the noise, and a bad one does not', t => {
  const [layout, bins, noise] = [evaluationLayout(2, 8), 8, 8]
  const exact = (right: (bin: number) => number) => {
    const counts = new Float32Array(layout.dimension)
    for (let bin = 0; bin < bins; bin++) {
      counts[layout.binAt(1, 1, bin)] = 200 * right(bin)
      counts[layout.binAt(1, 0, bin)] = 200 * (1 - right(bin))
    }
    return counts
  }
  const normal = normalsOf(seededRng('noise of calibration'))
  const error = (counts: Float32Array) => {
    const noised = counts.map(count => count + noise * normal())
    return figuresOf(noised, { layout, noise, names: ['a', 'b'] }).classes[0]!.calibrationError!
  }
  const good = Array.from({ length: 40 }, () => error(exact(bin => middleOf(bin, bins))))
  t.true(good.filter(({ low }) => low === 0).length >= 38)
  t.true(good.reduce((sum, { value }) => sum + value, 0) / good.length < 0.015)
  const bad = Array.from({ length: 40 }, () => error(exact(() => 0.5)))
  const truth = Array.from({ length: bins }, (_, bin) => Math.abs(0.5 - middleOf(bin, bins)) / bins)
  const wanted = truth.reduce((sum, one) => sum + one, 0)
  t.true(bad.filter(({ low, high }) => low <= wanted && wanted <= high).length >= 36)
  t.true(Math.abs(bad.reduce((sum, { value }) => sum + value, 0) / bad.length - wanted) < 0.015)
})

test('what the noise dominates is hidden, one by one; the same counts give the same figures', t => {
  const [layout, names] = [evaluationLayout(3, 8), ['a', 'b', 'c']]
  const counts = countsOfUnits(scoredUnits('hidden', { classes: 3, count: 300 }), { classes: 3, bins: 8 })
  const all = namedFigures(figuresOf(counts, { layout, noise: 500, names }))
  t.true(all.every(([, figure]) => figure === null))
  t.is(all.length, 4 + 5 * 3)
  const some = namedFigures(figuresOf(counts, { layout, noise: 10, names })).map(([, figure]) => figure === null)
  t.true(some.includes(true) && some.includes(false))
  const again = () => figuresOf(counts, { layout, noise: 3, names })
  t.deepEqual(again(), again())
  t.regex(figuresNotes(again()).join(' '), /0\.500 is the edge.*Not available: the calibration error of the largest/)
})

test('the threshold is the edge nearest to 0.5, the lower one of two', t => {
  t.deepEqual([2, 3, 5, 7, 8, 64].map(thresholdBin), [1, 1, 2, 3, 4, 32])
})

const tableSpec = (evaluation: string): string => `
name = "Judged"
rounds = 5
units = 20000
[contract]
kind = "table"
shape = [3]
classes = ["no", "yes"]
columns = [
  { name = "age", type = "number", low = 0, high = 100, missing = "leave out" },
  { name = "sex", type = "category", values = ["F", "M"], missing = "leave out" },
]
label = "ill"
absent = []
[evaluation]
bins = 6
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

function tableDocument(evaluation: string) {
  const spec = parseStudySpec(tableSpec(evaluation), 'spec', { hospitals: 'later' })
  const hospital = plannedHospitals(4)
  return documentOfSpec({ ...spec, hospital }, { created: '2026-01-01T00:00:00Z', file: 'spec' }).document
}

const SEX = 'subgroups = { column = "sex", values = ["F", "M"] }'

test('a spec names groups, and the plan says what they cost', t => {
  const document = tableDocument('subgroups = { column = "age", bands = [40, 60, 75] }')
  t.deepEqual(document.evaluation!.subgroups, { column: 'age', bands: [40, 60, 75] })
  const [with4, without] = [evaluationAhead(document)!, evaluationAhead(tableDocument(''))!]
  t.true(Math.abs(with4.terms.noise / without.terms.noise - 2) < 0.02)
  t.true(with4.expected.noise > 1.9 * without.expected.noise)
  const words = evaluationSentences(document).join(' ')
  t.regex(words, /by the column age, in 4 groups: below 40; 40 to below 60; .* 2\.00 times the noise/)
  t.true(words.includes(`off by ${with4.expected.total.toFixed(3)} instead of`))
  t.false(evaluationSentences(tableDocument('')).join(' ').includes('groups'))
  t.throws(() => tableDocument('subgroups = { column = "size", bands = [40] }'), { message: /no column "size"/ })
})

test('figures of each group are those of its counts, and those of all of their sum', t => {
  const document = tableDocument(SEX)
  const [layout, names] = [layoutOf(document)!, ['no', 'yes']]
  const shape = { classes: 2, bins: 6 }
  const [women, men] = [1500, 700].map((count, at) =>
    countsOfUnits(scoredUnits(`group ${at}`, { classes: 2, count }), shape),
  )
  const sum = Int32Array.from([...women!, ...men!], count => 1000 * count)
  const terms = { document, round: 6, scale: 1000, noise: 0 }
  const state = evaluated(initialCheckpoint(document), sum, terms).evaluation!
  const found = evaluationFigures(document, state, 'newest')!
  const noise = noiseOfCounts(document)
  const { column, groups } = found.subgroups!
  t.is(column, 'sex')
  t.deepEqual(
    groups.map(({ group, units }) => [group, units]),
    [
      ['F', 1500],
      ['M', 700],
    ],
  )
  const { group: _, units: __, ...first } = groups[0]!
  t.deepEqual(first, figuresOf(women!, { layout, noise, names }))
  const { subgroups: ___, ...whole } = found
  const all = women!.map((count, at) => count + men![at]!)
  t.deepEqual(whole, figuresOf(all, { layout, noise: noise * Math.SQRT2, names }))
})

test('the intervals of a group hold its exact figures in 90 of 100', t => {
  const document = tableDocument(SEX)
  const [layout, noise] = [layoutOf(document)!, noiseOfCounts(document)]
  const parts = [1500, 700].map((count, at) => {
    return countsOfUnits(scoredUnits(`group ${at}`, { classes: 2, count }), { classes: 2, bins: 6 })
  })
  const wanted = parts.map(part => namedFigures(figuresOf(part, { layout, noise: 0, names: ['no', 'yes'] })))
  const normal = normalsOf(seededRng('noise of groups'))
  const held = wanted.map(part => part.map(() => 0))
  const start = initialCheckpoint(document).evaluation!
  for (let repeat = 0; repeat < 100; repeat++) {
    const counts = Float32Array.from(
      parts.flatMap(part => [...part]),
      count => count + noise * normal(),
    )
    const found = evaluationFigures(document, { ...start, done: 1, counts }, 'newest')!
    found.subgroups!.groups.forEach((group, part) => {
      namedFigures(group).forEach(([, figure], at) => {
        const value = wanted[part]![at]![1]!.value
        if (figure !== null && figure.low <= value && value <= figure.high) held[part]![at]! += 1
      })
    })
  }
  t.true(
    held.flat().every(count => count >= 90),
    `${held}`,
  )
})
