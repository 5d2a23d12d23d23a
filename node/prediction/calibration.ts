/**
 * Probabilities that mean what they say, by a study's certified evaluation: of each class the parts of its bins, made to
 * rise with the score.
 *
 * @module Isotonic regression by pooling adjacent violators: Zadrozny, Elkan, KDD 2002.
 */

import { type EvaluationState, evaluationPoints } from '../../protocols/model/evaluation-state.ts'
import {
  areaOf,
  binOf,
  layoutOf,
  type OneAgainstRest,
  oneAgainstRest,
  wholeCounts,
} from '../../protocols/study/evaluation.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import { noiseOfCounts } from '../study/evaluation-figures.ts'

/** Deviations of the noise by which bins must stand out together before they are told from their neighbours. */
const OUTSTANDING_DEVIATIONS = 2

export interface Calibration {
  /** number of the round of evaluation that it comes from */
  readonly round: number
  /** of a record's probabilities, in the order of the classes; they add up to 1 */
  readonly calibrated: (probabilities: readonly number[]) => number[]
}

/** The calibration of a checkpoint's model; null where no evaluation was made, or its noise hides a class. */
export function calibrationOf(document: StudyDocument, evaluation: EvaluationState | null): Calibration | null {
  const layout = layoutOf(document)
  if (layout === null || evaluation === null) return null
  const points = evaluationPoints(evaluation)
  const last = points.at(-1)
  if (last === undefined) return null
  // after a return the model is the best one, so its counts are those that tell of it
  const isBack = last.outcome === 'went-back'
  const ofGroups = isBack ? evaluation.best.counts : evaluation.counts
  const { counts, noise } = wholeCounts(ofGroups, layout, noiseOfCounts(document))
  const round = isBack ? points[evaluation.bestAt - 1]!.at : last.at
  const { classes, bins, scored } = layout
  const noised = { noise, rest: classes === 2 ? 1 : classes - 1 }
  const sides = scored.map(one => oneAgainstRest(counts, layout, one))
  if (sides.some(one => areaOf(one, noised) === null)) return null
  const steps = sides.map(one => isotonicSteps(one, noised))
  const step = (at: number, probability: number): number => steps[at]![binOf(probability, bins)]!
  const calibrated: Calibration['calibrated'] = probabilities => {
    if (classes === 2) {
      const second = step(0, probabilities[1]!)
      return [1 - second, second]
    }
    const each = probabilities.map((probability, at) => step(at, probability))
    const all = each.reduce((sum, one) => sum + one, 0)
    return each.map(one => one / all)
  }
  return { round, calibrated }
}

interface Pool {
  readonly bins: number
  readonly positives: number
  readonly units: number
}

/**
 * The part of a class in each bin, made to rise: neighbours whose parts fall are taken together, each by its units.
 *
 * @param noise deviation of the noise in a count
 * @param rest  classes that `negative` adds up
 * @returns     of each bin a probability, neither 0 nor 1: so many units say no more than that
 */
export function isotonicSteps(
  { positive, negative }: OneAgainstRest,
  { noise, rest }: { readonly noise: number; readonly rest: number },
): Float64Array {
  const pools: Pool[] = []
  for (const one of outstanding({ positive, negative }, noise * Math.sqrt(1 + rest))) {
    let pool = one
    for (let before = pools.at(-1); before !== undefined && falls(before, pool); before = pools.at(-1)) {
      pools.pop()
      pool = together(before, pool)
    }
    pools.push(pool)
  }
  const all = pools.reduce((sum, { units }) => sum + units, 0)
  const least = 1 / (all + 2)
  return Float64Array.from(
    pools.flatMap(({ bins, positives, units }) => {
      return new Array<number>(bins).fill(Math.max(least, Math.min(1 - least, positives / units)))
    }),
  )
}

function falls(before: Pool, after: Pool): boolean {
  return before.positives * after.units >= after.positives * before.units
}

function together(one: Pool, other: Pool): Pool {
  return {
    bins: one.bins + other.bins,
    positives: one.positives + other.positives,
    units: one.units + other.units,
  }
}

/** Bins in a row, so many together that their units stand out of the noise: a bin of noise alone may have fewer than none. */
function outstanding({ positive, negative }: OneAgainstRest, noise: number): Pool[] {
  const pools: Pool[] = []
  let open: Pool = { bins: 0, positives: 0, units: 0 }
  for (let bin = 0; bin < positive.length; bin++) {
    open = together(open, { bins: 1, positives: positive[bin]!, units: positive[bin]! + negative[bin]! })
    if (open.units < Math.max(1, OUTSTANDING_DEVIATIONS * noise * Math.sqrt(open.bins))) continue
    pools.push(open)
    open = { bins: 0, positives: 0, units: 0 }
  }
  if (open.bins === 0) return pools
  const last = pools.pop()
  const rest = last === undefined ? open : together(last, open)
  // a last pool that lost too much to bins of noise alone goes by what it had
  return [...pools, last !== undefined && rest.units < 1 ? { ...last, bins: rest.bins } : rest]
}
