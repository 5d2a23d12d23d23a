/** What a study's evaluation says of its model: figures with intervals, from counts that have noise in them. @module */

import type { EvaluationState } from '../../protocols/model/evaluation-state.ts'
import {
  areaOf,
  countsOfGroup,
  type EvaluationLayout,
  HIDDEN,
  layoutOf,
  oneAgainstRest,
  scoreOf,
  wholeCounts,
} from '../../protocols/study/evaluation.ts'
import { noiseInSum } from '../../protocols/study/noise/noised-sums.ts'
import { planStudy } from '../../protocols/study/plan.ts'
import { studySubgroups } from '../../protocols/study/subgroups.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import { samplingDeviation } from '../training/sampling-deviation.ts'
import { type CalibrationFigures, calibrationFigures } from './calibration-figures.ts'
import { type EvaluatedFigure, normalsOf, rngOfCounts } from './count-redraws.ts'
import {
  type ConfusionFigures,
  confusionFigures,
  type DecisionFigures,
  decisionFigures,
  thresholdEdge,
} from './decision-figures.ts'

/** Half the width of an interval of 95 %, in deviations. */
const WIDTH = 1.96

/** Of one class against the rest. */
export interface ScoredClassFigures extends DecisionFigures, CalibrationFigures {
  readonly name: string
  readonly auc: EvaluatedFigure | null
}

/** Each figure is null where the noise hides it. */
export interface EvaluationFigures extends ConfusionFigures {
  /** of three classes or more the mean over the classes, each against the rest */
  readonly auc: EvaluatedFigure | null
  /** probability from which on a class is said: the edge of the bins that is nearest to 0.5 */
  readonly threshold: number
  /** of each scored class against the rest */
  readonly classes: readonly ScoredClassFigures[]
}

/** Figures of one group of units. */
export interface SubgroupFigures extends EvaluationFigures {
  readonly group: string
  /** its units by the noised counts, rounded; null where they do not stand out of the noise */
  readonly units: number | null
}

/** Figures of all units, and of the groups that a study counts apart. */
export interface StudyFigures extends EvaluationFigures {
  /** absent: the study counts all units together */
  readonly subgroups?: { readonly column: string; readonly groups: readonly SubgroupFigures[] }
}

/** The figures of the newest evaluation of a checkpoint, or of its best one; null where there was none. */
export function evaluationFigures(
  document: StudyDocument,
  state: EvaluationState,
  which: 'newest' | 'best',
): StudyFigures | null {
  const layout = layoutOf(document)
  if (layout === null || (which === 'newest' ? state.done : state.bestAt) === 0) return null
  const counts = which === 'newest' ? state.counts : state.best.counts
  const names = document.contract.classes
  const noise = noiseOfCounts(document)
  const whole = wholeCounts(counts, layout, noise)
  const figures = figuresOf(whole.counts, { layout, noise: whole.noise, names })
  const subgroups = studySubgroups(document)
  if (subgroups === null) return figures
  const groups = subgroups.names.map((group, at) => {
    const own = countsOfGroup(counts, layout, at)
    return { group, units: unitsIn(own, layout, noise), ...figuresOf(own, { layout, noise, names }) }
  })
  return { ...figures, subgroups: { column: subgroups.column, groups } }
}

/** Units in counts, by the first score that is counted. */
function unitsIn(counts: Float32Array, layout: EvaluationLayout, noise: number): number | null {
  const { positive, negative } = oneAgainstRest(counts, layout, layout.scored[0]!)
  const units = Math.round(totalOf(positive) + totalOf(negative))
  return units < 2 * noise * Math.sqrt(layout.classes * layout.bins) ? null : units
}

/** How many units a group has, in words. */
export function unitsOfGroup({ units }: SubgroupFigures): string {
  return units === null ? 'too few units to tell their number from the noise' : `about ${units} units`
}

/** Deviation of the noise in one count of an evaluation (of a group, where there are some), all founding hospitals contributing; 0 in studies without. */
export function noiseOfCounts(document: StudyDocument): number {
  const sum = planStudy(document).evaluation
  return sum === null ? 0 : noiseInSum(document.privacy, sum, document.hospitals.length) / sum.fixedPoint.scale
}

/** The figures of counts. @param names of the classes */
export function figuresOf(
  counts: Float32Array,
  { layout, noise, names }: { layout: EvaluationLayout; noise: number; names: readonly string[] },
): EvaluationFigures {
  const rest = layout.classes === 2 ? 1 : layout.classes - 1
  const normal = normalsOf(rngOfCounts(counts))
  const parts = layout.scored.map(scored => {
    const sides = oneAgainstRest(counts, layout, scored)
    const found = areaOf(sides, { noise, rest })
    const [positives, negatives] = [sides.positive, sides.negative].map(totalOf) as [number, number]
    const sampling = found === null ? 0 : samplingDeviation(found.area, positives, negatives)
    return { name: names[scored]!, sides, found, sampling }
  })
  const { score, deviation } = scoreOf(counts, layout, noise)
  // the same units are asked about every class: their deviations do not cancel
  const sampling = parts.reduce((sum, part) => sum + part.sampling, 0) / parts.length
  return {
    auc: deviation >= HIDDEN ? null : figure(score, Math.hypot(deviation, sampling)),
    threshold: thresholdEdge(layout.bins),
    classes: parts.map(({ name, sides, found, sampling }) => ({
      name,
      auc: found && figure(found.area, Math.sqrt(found.variance + sampling * sampling)),
      ...decisionFigures(sides, { noise, normal, rest }),
      ...calibrationFigures(sides, { noise, normal, rest }),
    })),
    ...confusionFigures(counts, { layout, sides: parts[0]!.sides, noise, normal }),
  }
}

function figure(value: number, deviation: number): EvaluatedFigure {
  return { value, low: Math.max(0, value - WIDTH * deviation), high: Math.min(1, value + WIDTH * deviation) }
}

function totalOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0)
}

/** A figure in words. */
export function figureOfEvaluation(found: EvaluatedFigure | null): string {
  if (found === null) return 'hidden by the noise'
  const [value, low, high] = [found.value, found.low, found.high].map(one => one.toFixed(3))
  return `${value} (95 %: ${low} to ${high})`
}

/** Every figure of an evaluation with its name, for people; the parts of each bin are left out. */
export function namedFigures(figures: EvaluationFigures): (readonly [name: string, figure: EvaluatedFigure | null])[] {
  const { auc, threshold, classes, accuracy, mcc, macroF1 } = figures
  const at = `at ${threshold.toFixed(3)}`
  const of = classes.length === 1 ? at : 'by the largest score'
  return [
    ['AUC', auc],
    ...classes.flatMap(one => {
      const against = `of ${one.name} against the rest`
      return [
        ...(classes.length === 1 ? [] : [[`AUC ${against}`, one.auc] as const]),
        [`sensitivity ${against}, ${at}`, one.sensitivity] as const,
        [`specificity ${against}, ${at}`, one.specificity] as const,
        [`precision ${against}, ${at}`, one.precision] as const,
        [`calibration error ${against}`, one.calibrationError] as const,
      ]
    }),
    [`accuracy, ${of}`, accuracy],
    [`Matthews' coefficient, ${of}`, mcc],
    [`macro F1, ${of}`, macroF1],
  ]
}

/** What the figures of an evaluation do not tell. @param figures of the evaluation */
export function figuresNotes({ classes, threshold }: EvaluationFigures): string[] {
  return [
    `The threshold of ${threshold.toFixed(3)} is the edge of the bins nearest to 0.5. Within a bin scores are not told apart: its middle stands for them in the calibration error.`,
    ...(classes.length === 1
      ? []
      : [
          'Not available: the calibration error of the largest score, and the confusion at other thresholds. No hospital counts what they take.',
        ]),
  ]
}
