// Claims of node/evaluation: areas, their variances, tests, intervals, kappa and calibration are those that pROC,
// scikit-learn, statsmodels and numpy compute (test/vectors/evaluation.json says which versions, and by which calls).

import { readFile } from 'node:fs/promises'
import test from 'ava'
import { brierScore, calibrationError, reliability } from '../../../node/evaluation/calibration.ts'
import { confusionOf, macroF1, matthews } from '../../../node/evaluation/confusion.ts'
import { areaInterval, delong } from '../../../node/evaluation/delong.ts'
import { cohenKappa } from '../../../node/evaluation/kappa.ts'
import { mcnemar } from '../../../node/evaluation/mcnemar.ts'
import { averagePrecision } from '../../../node/evaluation/precision-recall.ts'
import { rankingOf, rocAuc, rocOf } from '../../../node/evaluation/roc.ts'
import { wilsonInterval } from '../../../node/evaluation/wilson.ts'

interface Vectors {
  readonly areas: {
    readonly name: string
    readonly labels: number[]
    readonly a: number[]
    readonly b: number[]
    readonly aucs: number[]
    readonly variances: number[]
    readonly covariance: number
    readonly averagePrecision: number
  }[]
  readonly mcnemar: { readonly b: number; readonly c: number; readonly p: number; readonly exact: boolean }[]
  readonly wilson: { readonly count: number; readonly total: number; readonly low: number; readonly high: number }[]
  readonly agreement: {
    readonly classes: number
    readonly a: number[]
    readonly b: number[]
    readonly kappa: number
    readonly mcc: number
    readonly f1: number
  }[]
  readonly calibration: {
    readonly probabilities: number[]
    readonly labels: number[]
    readonly ece: number
    readonly brier: number
  }[]
}

const file = new URL('../../vectors/evaluation.json', import.meta.url)
const vectors = JSON.parse(await readFile(file, 'utf8')) as Vectors
const close = (actual: number, expected: number): boolean => Math.abs(actual - expected) < 1e-12

test("DeLong's areas, variances and covariance are pROC's, with ties and few positives too", t => {
  for (const { name, labels, a, b, aucs, variances, covariance } of vectors.areas) {
    const found = delong([a, b], labels)
    t.true(close(found.areas[0]!, aucs[0]!) && close(found.areas[1]!, aucs[1]!), name)
    t.true(close(found.covariance[0]![0]!, variances[0]!) && close(found.covariance[1]![1]!, variances[1]!), name)
    t.true(close(found.covariance[0]![1]!, covariance) && close(found.covariance[1]![0]!, covariance), name)
    t.true(close(rocAuc(a, labels), aucs[0]!))
    t.true(close(rocOf(a, labels.map(Boolean)).auc, aucs[0]!))
  }
})

test('the logit interval holds the area, lies within 0 and 1, and is not defined at an area of 1', t => {
  for (const { aucs, variances } of vectors.areas) {
    const { low, high } = areaInterval(aucs[0]!, variances[0]!)
    t.true(0 < low && low < aucs[0]! && aucs[0]! < high && high < 1)
  }
  // by hand: logit 0.8 = ln 4, deviation sqrt(0.0016) / 0.16 = 0.25, times 1.959964
  const { low, high } = areaInterval(0.8, 0.0016)
  t.true(Math.abs(low - 1 / (1 + Math.exp(-(Math.log(4) - 0.489991)))) < 1e-6)
  t.true(Math.abs(high - 1 / (1 + Math.exp(-(Math.log(4) + 0.489991)))) < 1e-6)
  t.deepEqual(areaInterval(1, 0), { low: Number.NaN, high: Number.NaN })
})

test("average precision is scikit-learn's", t => {
  for (const { labels, a, averagePrecision: expected } of vectors.areas) {
    t.true(close(averagePrecision(rankingOf(a), labels), expected))
  }
})

test("McNemar's test is statsmodels', exact below 25 differing pairs and with continuity correction above", t => {
  for (const { b, c, p, exact } of vectors.mcnemar) {
    const found = mcnemar(b, c)
    t.true(Math.abs(found.p - p) < 1e-12, `${b} ${c}: ${found.p} ${p}`)
    t.is(found.method === 'exact', exact)
  }
})

test("Wilson's interval is statsmodels'", t => {
  for (const { count, total, low, high } of vectors.wilson) {
    const found = wilsonInterval(count, total)
    t.true(Math.abs(found.low - low) < 1e-9 && Math.abs(found.high - high) < 1e-9, `${count} of ${total}`)
  }
})

test("kappa, Matthews' coefficient and macro F1 are scikit-learn's", t => {
  for (const { classes, a, b, kappa, mcc, f1 } of vectors.agreement) {
    const table = confusionOf(b, a, { classes })
    t.true(close(cohenKappa(table), kappa))
    t.true(close(matthews(table), mcc))
    t.true(close(macroF1(table), f1))
  }
})

test('the calibration error and the Brier score are those of numpy and scikit-learn', t => {
  for (const { probabilities, labels, ece, brier } of vectors.calibration) {
    t.true(close(calibrationError(reliability(probabilities, labels)), ece))
    const scores = probabilities.flatMap(p => [1 - p, p])
    t.true(close(brierScore({ scores, labels, classes: 2 }), brier))
  }
})
