/**
 * All figures of a sample, by one rule for the estimate and for each resample of the bootstrap: the estimate is the resample
 * in which each record counts once.
 *
 * @module
 */

import { brierScore, calibrationError, reliability } from './calibration.ts'
import { accuracyOf, confusionOf, macroF1, matthews, twoByTwoOf } from './confusion.ts'
import type { Decisions } from './decisions.ts'
import { averagePrecision } from './precision-recall.ts'
import { rankedArea, rankingOf } from './roc.ts'
import { isOfClass, measuredClasses, type Sample, scoresOf } from './sample.ts'

export const CLASS_FIGURES = [
  'auc',
  'averagePrecision',
  'sensitivity',
  'specificity',
  'positivePredictive',
  'negativePredictive',
  'calibrationError',
] as const
export type ClassFigure = (typeof CLASS_FIGURES)[number]

export const OVERALL_FIGURES = ['macroAuc', 'accuracy', 'mcc', 'macroF1', 'brier', 'calibrationError'] as const
export type OverallFigure = (typeof OVERALL_FIGURES)[number]

/** Figures in this order: those of each measured class, then those of all. */
export type FigureList = (weights: Float64Array) => Float64Array

/** Prepares what is the same in all resamples: orders, decisions, labels of each class. */
export function figureList(sample: Sample, { predicted, said }: Decisions): FigureList {
  const { classes, labels, scores } = sample
  const measured = measuredClasses(classes)
  const ofClass = measured.map((index, at) => classFigures(sample, index, said[at]!))
  const present = ofClass.flatMap(({ isPresent }, at) => (isPresent ? [at] : []))
  const topScores = Float32Array.from(labels, (_, record) => scores[record * classes.length + predicted[record]!]!)
  const isRight = Uint8Array.from(labels, (label, record) => (label === predicted[record] ? 1 : 0))
  return weights => {
    const each = ofClass.map(({ figures }) => figures(weights))
    const areas = present.map(at => each[at]![0]!)
    const confusion = confusionOf(predicted, labels, { classes: classes.length, weights })
    return Float64Array.from([
      ...each.flat(),
      areas.reduce((sum, area) => sum + area, 0) / areas.length,
      accuracyOf(confusion),
      matthews(confusion),
      macroF1(confusion),
      brierScore({ scores, labels, classes: classes.length }, weights),
      // of two classes the probability of the second says all; of more, that of the class that is said
      classes.length === 2 ? each[0]!.at(-1)! : calibrationError(reliability(topScores, isRight, weights)),
    ])
  }
}

function classFigures(
  sample: Sample,
  index: number,
  said: Uint8Array,
): { figures: (weights: Float64Array) => number[]; isPresent: boolean } {
  const scores = scoresOf(sample, index)
  const positive = isOfClass(sample, index)
  const ranking = rankingOf(scores)
  const figures = (weights: Float64Array): number[] => {
    const counts = twoByTwoOf(said, positive, weights)
    const { truePositives, falsePositives, falseNegatives, trueNegatives } = counts
    return [
      rankedArea(ranking, positive, weights),
      averagePrecision(ranking, positive, weights),
      truePositives / (truePositives + falseNegatives),
      trueNegatives / (trueNegatives + falsePositives),
      truePositives / (truePositives + falsePositives),
      trueNegatives / (trueNegatives + falseNegatives),
      calibrationError(reliability(scores, positive, weights)),
    ]
  }
  return { figures, isPresent: positive.includes(1) }
}
