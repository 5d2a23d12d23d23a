/** What a study's evaluation says of its model: figures with intervals, from counts that have noise in them. @module */

import type { EvaluationState } from '../../protocols/model/evaluation-state.ts'
import { areaOf, HIDDEN, layoutOf, oneAgainstRest, scoreOf } from '../../protocols/study/evaluation.ts'
import { noiseInSum } from '../../protocols/study/noise/noised-sums.ts'
import { planStudy } from '../../protocols/study/plan.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import { samplingDeviation } from '../training/sampling-deviation.ts'

/** Half the width of an interval of 95 %, in deviations. */
const WIDTH = 1.96

/** A figure, and where it lies with 95 % certainty: the noise counts, and that only so many units were asked. */
export interface EvaluatedFigure {
  readonly value: number
  readonly low: number
  readonly high: number
}

export interface EvaluationFigures {
  /** of three classes or more the mean over the classes, each against the rest; null where the noise hides it */
  readonly auc: EvaluatedFigure | null
  /** of each scored class against the rest */
  readonly classes: readonly { readonly name: string; readonly auc: EvaluatedFigure | null }[]
  /** part of the units whose largest score is their class; null of two classes, whose scores say it, and where it is hidden */
  readonly accuracy: EvaluatedFigure | null
}

/** The figures of the newest evaluation of a checkpoint, or of its best one; null where there was none. */
export function evaluationFigures(
  document: StudyDocument,
  state: EvaluationState,
  which: 'newest' | 'best',
): EvaluationFigures | null {
  const layout = layoutOf(document)
  const sum = planStudy(document).evaluation
  if (layout === null || sum === null || (which === 'newest' ? state.done : state.bestAt) === 0) return null
  const counts = which === 'newest' ? state.counts : state.best.counts
  const noise = noiseInSum(document.privacy, sum, document.hospitals.length) / sum.fixedPoint.scale
  const rest = layout.classes === 2 ? 1 : layout.classes - 1
  const parts = layout.scored.map(scored => {
    const sides = oneAgainstRest(counts, layout, scored)
    const found = areaOf(sides, { noise, rest })
    const [positives, negatives] = [sides.positive, sides.negative].map(totalOf) as [number, number]
    const sampling = found === null ? 0 : samplingDeviation(found.area, positives, negatives)
    return { name: document.contract.classes[scored]!, found, sampling }
  })
  const { score, deviation } = scoreOf(counts, layout, noise)
  // the same units are asked about every class: their deviations do not cancel
  const sampling = parts.reduce((sum, part) => sum + part.sampling, 0) / parts.length
  return {
    auc: deviation >= HIDDEN ? null : figure(score, Math.hypot(deviation, sampling)),
    classes: parts.map(({ name, found, sampling }) => {
      return { name, auc: found && figure(found.area, Math.sqrt(found.variance + sampling * sampling)) }
    }),
    accuracy: accuracyOf(counts, layout, noise),
  }
}

function accuracyOf(
  counts: Float32Array,
  { classes, predictionAt }: NonNullable<ReturnType<typeof layoutOf>>,
  noise: number,
): EvaluatedFigure | null {
  if (predictionAt === null) return null
  let [right, all] = [0, 0]
  for (let label = 0; label < classes; label++) {
    for (let predicted = 0; predicted < classes; predicted++) {
      const count = counts[predictionAt(label, predicted)]!
      all += count
      if (predicted === label) right += count
    }
  }
  if (all < Math.max(1, 2 * noise * classes)) return null
  const value = right / all
  const ofNoise = (noise / all) * Math.sqrt(classes * (1 - value) ** 2 + (classes * classes - classes) * value ** 2)
  return figure(value, Math.hypot(ofNoise, Math.sqrt(Math.max(0, value * (1 - value)) / all)))
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
