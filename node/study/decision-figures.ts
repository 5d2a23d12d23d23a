/** What an evaluation's counts say of the decisions that a model leads to. @module */

import { type EvaluationLayout, edgeOf, type OneAgainstRest } from '../../protocols/study/evaluation.ts'
import { accuracyOf, type Confusion, macroF1, matthews } from '../evaluation/confusion.ts'
import { type EvaluatedFigure, figureOfCounts, type NoisyCount } from './count-redraws.ts'

/** The noise in counts, and what to draw them anew with. */
export interface Noised {
  /** deviation of the noise in one count */
  readonly noise: number
  readonly normal: () => number
}

/** Of one class against the rest, at the threshold. */
export interface DecisionFigures {
  readonly sensitivity: EvaluatedFigure | null
  readonly specificity: EvaluatedFigure | null
  readonly precision: EvaluatedFigure | null
}

/** Of all classes. */
export interface ConfusionFigures {
  /** part of the units whose class is predicted: of two classes at the threshold, of more by the largest score */
  readonly accuracy: EvaluatedFigure | null
  /** Matthews' coefficient, −1 to 1 */
  readonly mcc: EvaluatedFigure | null
  readonly macroF1: EvaluatedFigure | null
}

/** The bin from which on a class is said: that which begins nearest to ½, the lower one of two. */
export function thresholdBin(bins: number): number {
  let best = 1
  // both edges of an odd number of bins are equally near, but for rounding
  const apart = (bin: number): number => Math.abs(bin - bins / 2)
  for (let bin = 2; bin < bins; bin++) if (apart(bin) < apart(best)) best = bin
  return best
}

/** The probability from which on a class is said. */
export function thresholdEdge(bins: number): number {
  return edgeOf(thresholdBin(bins), bins)
}

interface Decided {
  readonly truePositives: NoisyCount
  readonly falsePositives: NoisyCount
  readonly falseNegatives: NoisyCount
  readonly trueNegatives: NoisyCount
}

/** @param rest classes that `negative` adds up */
function decidedOf({ positive, negative }: OneAgainstRest, { noise, rest }: { noise: number; rest: number }): Decided {
  const from = thresholdBin(positive.length)
  const cell = (values: Float64Array, classes: number): NoisyCount => {
    const count = values.reduce((sum, value) => sum + value, 0)
    return { count, noise: noise * Math.sqrt(classes * values.length) }
  }
  return {
    truePositives: cell(positive.subarray(from), 1),
    falseNegatives: cell(positive.subarray(0, from), 1),
    falsePositives: cell(negative.subarray(from), rest),
    trueNegatives: cell(negative.subarray(0, from), rest),
  }
}

/** The first count as a part of both. */
export function partOf([part, other]: ArrayLike<number> & Iterable<number>): number {
  const all = part! + other!
  return all > 0 ? part! / all : Number.NaN
}

/** Decisions about one class at the threshold. @param rest classes that the other side adds up */
export function decisionFigures(
  sides: OneAgainstRest,
  { noise, normal, rest }: Noised & { readonly rest: number },
): DecisionFigures {
  const { truePositives, falsePositives, falseNegatives, trueNegatives } = decidedOf(sides, { noise, rest })
  const figure = (part: NoisyCount, other: NoisyCount) => figureOfCounts([part, other], partOf, { normal })
  return {
    sensitivity: figure(truePositives, falseNegatives),
    specificity: figure(trueNegatives, falsePositives),
    precision: figure(truePositives, falsePositives),
  }
}

/** What the confusion matrix says: of two classes at the threshold, of more by the largest score. */
export function confusionFigures(
  counts: Float32Array,
  { layout, sides, noise, normal }: Noised & { layout: EvaluationLayout; sides: OneAgainstRest },
): ConfusionFigures {
  const { classes } = layout
  const cells = cellsOf(counts, { layout, sides, noise })
  const figure = (of: (confusion: Confusion) => number, least = 0) => {
    return figureOfCounts(cells, values => of(confusionOf(values, classes)), { normal, least })
  }
  return { accuracy: figure(accuracyOf), mcc: figure(matthews, -1), macroF1: figure(macroF1) }
}

/** Counts of a confusion matrix, row by row: a true class each. */
function cellsOf(
  counts: Float32Array,
  { layout, sides, noise }: { layout: EvaluationLayout; sides: OneAgainstRest; noise: number },
): NoisyCount[] {
  const { classes, predictionAt } = layout
  if (predictionAt === null) {
    const { truePositives, falsePositives, falseNegatives, trueNegatives } = decidedOf(sides, { noise, rest: 1 })
    return [trueNegatives, falsePositives, falseNegatives, truePositives]
  }
  return Array.from({ length: classes * classes }, (_, at) => {
    return { count: counts[predictionAt(Math.floor(at / classes), at % classes)]!, noise }
  })
}

function confusionOf(values: Float64Array, classes: number): Confusion {
  return Array.from({ length: classes }, (_, label) =>
    Array.from(values.subarray(label * classes, (label + 1) * classes)),
  )
}
