/** The figures of a sample with their intervals. @module */

import type { Rng } from '../../crypto/rng.ts'
import { bootstrapIntervals, RESAMPLES } from './bootstrap.ts'
import { type ReliabilityBin, reliability } from './calibration.ts'
import { type Confusion, confusionOf, supportOf, type TwoByTwo, twoByTwoOf } from './confusion.ts'
import type { Decisions } from './decisions.ts'
import { areaInterval, delong } from './delong.ts'
import { CLASS_FIGURES, type ClassFigure, figureList, OVERALL_FIGURES, type OverallFigure } from './figures.ts'
import { type Estimate, type IntervalMethod, LEVEL, type Range } from './interval.ts'
import { precisionRecallOf, type RecallPoint } from './precision-recall.ts'
import { type RocPoint, rankingOf, rocOf } from './roc.ts'
import { isClustered, isOfClass, measuredClasses, type Sample, scoresOf } from './sample.ts'
import { wilsonInterval } from './wilson.ts'

/** One class against the rest. */
export interface ClassAnalysis {
  readonly index: number
  readonly name: string
  readonly positives: number
  readonly negatives: number
  /** null: the class of the largest score is said */
  readonly threshold: number | null
  readonly counts: TwoByTwo
  readonly figures: Readonly<Record<ClassFigure, Estimate>>
  /** empty where the class, or the rest, has no record */
  readonly roc: readonly RocPoint[]
  readonly precisionRecall: readonly RecallPoint[]
  readonly bins: readonly ReliabilityBin[]
}

export interface Analysis {
  readonly count: number
  /** patients, or records where nothing says whose they are */
  readonly units: number
  readonly clustered: boolean
  /** records of each class */
  readonly support: readonly number[]
  readonly confusion: Confusion
  readonly overall: Readonly<Record<OverallFigure, Estimate>>
  readonly classes: readonly ClassAnalysis[]
}

export interface Resampling {
  readonly rng: Rng
  readonly resamples?: number
  readonly progress?: (done: number, of: number) => void
}

/** All figures, with 95 % intervals. */
export function analyse(sample: Sample, decisions: Decisions, resampling: Resampling): Analysis {
  const { labels, classes, units } = sample
  const figures = figureList(sample, decisions)
  const values = figures(new Float64Array(labels.length).fill(1))
  const drawn = bootstrapIntervals({
    ...{ units, count: labels.length, figures, level: LEVEL },
    ...{ resamples: RESAMPLES, ...resampling },
  })
  const estimate = (at: number): Estimate => estimateOf(values[at]!, drawn[at]!, 'bootstrap')
  const confusion = confusionOf(decisions.predicted, labels, { classes: classes.length })
  const measured = measuredClasses(classes)
  const first = measured.length * CLASS_FIGURES.length
  const overall = Object.fromEntries(OVERALL_FIGURES.map((name, at) => [name, estimate(first + at)]))
  const clustered = isClustered(sample)
  if (!clustered)
    overall['accuracy'] = proportion(
      confusion.reduce((sum, row, at) => sum + row[at]!, 0),
      labels.length,
    )
  const analysed = measured.map((index, at) => {
    const drawnFigures = CLASS_FIGURES.map((_, figure) => estimate(at * CLASS_FIGURES.length + figure))
    return analyseClass(sample, index, {
      said: decisions.said[at]!,
      threshold: decisions.thresholds[at]!,
      drawnFigures,
    })
  })
  // the macro figure of two classes is that of the second
  if (classes.length === 2) overall['macroAuc'] = analysed[0]!.figures.auc
  return {
    ...{ count: labels.length, units: units.length, clustered, support: supportOf(confusion), confusion },
    overall: overall as Record<OverallFigure, Estimate>,
    classes: analysed,
  }
}

interface Drawn {
  readonly said: Uint8Array
  readonly threshold: number | null
  /** in the order of CLASS_FIGURES */
  readonly drawnFigures: readonly Estimate[]
}

function analyseClass(sample: Sample, index: number, { said, threshold, drawnFigures }: Drawn): ClassAnalysis {
  const scores = scoresOf(sample, index)
  const positive = isOfClass(sample, index)
  const positives = positive.reduce((sum, one) => sum + one, 0)
  const negatives = positive.length - positives
  const counts = twoByTwoOf(said, positive)
  const figures = Object.fromEntries(CLASS_FIGURES.map((name, at) => [name, drawnFigures[at]!])) as Record<
    ClassFigure,
    Estimate
  >
  const both = positives > 0 && negatives > 0
  return {
    ...{ index, name: sample.classes[index]!, positives, negatives, threshold, counts },
    figures: isClustered(sample)
      ? figures
      : { ...figures, ...independentFigures(figures.auc.value, { scores, positive, counts }) },
    roc: both ? rocOf(scores, Array.from(positive, Boolean)).points : [],
    precisionRecall: both ? precisionRecallOf(rankingOf(scores), positive) : [],
    bins: reliability(scores, positive),
  }
}

/** Figures whose intervals are better known than the bootstrap's, where records are independent. */
function independentFigures(
  auc: number,
  { scores, positive, counts }: { scores: Float32Array; positive: Uint8Array; counts: TwoByTwo },
): Partial<Record<ClassFigure, Estimate>> {
  const { truePositives, falsePositives, falseNegatives, trueNegatives } = counts
  return {
    auc: estimateOf(auc, areaInterval(auc, delong([scores], positive).covariance[0]![0]!, LEVEL), 'delong'),
    sensitivity: proportion(truePositives, truePositives + falseNegatives),
    specificity: proportion(trueNegatives, trueNegatives + falsePositives),
    positivePredictive: proportion(truePositives, truePositives + falsePositives),
    negativePredictive: proportion(trueNegatives, trueNegatives + falseNegatives),
  }
}

/** A share of independent records. NaN of none. */
export function proportion(count: number, total: number): Estimate {
  return estimateOf(count / total, wilsonInterval(count, total, LEVEL), 'wilson')
}

/** An estimate with its interval, where there is one. */
export function estimateOf(value: number, range: Range, method: IntervalMethod): Estimate {
  if (Number.isNaN(value) || Number.isNaN(range.low))
    return { value, low: Number.NaN, high: Number.NaN, method: 'none' }
  return { value, low: range.low, high: range.high, method }
}
