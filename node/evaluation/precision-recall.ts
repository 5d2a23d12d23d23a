/** Precision-recall curves. @module */

import type { Ranking } from './roc.ts'

export interface RecallPoint {
  readonly recall: number
  readonly precision: number
}

/**
 * The curve of sorted scores, one point for each threshold, by ascending recall.
 *
 * @param labels 1 where positive; at least one is
 */
export function precisionRecallOf({ order, ends }: Ranking, labels: ArrayLike<number>): RecallPoint[] {
  const positives = Array.from(labels).filter(label => label === 1).length
  const points: RecallPoint[] = []
  let hits = 0
  for (let run = ends.length - 1; run >= 0; run--) {
    const start = run === 0 ? 0 : ends[run - 1]!
    for (let at = start; at < ends[run]!; at++) if (labels[order[at]!] === 1) hits++
    points.push({ recall: hits / positives, precision: hits / (order.length - start) })
  }
  return points
}

/**
 * Average precision: the sum over thresholds of the recall gained times the precision there, without interpolation (as
 * scikit-learn's `average_precision_score`).
 *
 * @param weights how often each record counts; absent: once
 * @returns       NaN when there is no positive
 */
export function averagePrecision(
  { order, ends }: Ranking,
  labels: ArrayLike<number>,
  weights?: ArrayLike<number>,
): number {
  let [hits, shown, sum] = [0, 0, 0]
  for (let run = ends.length - 1; run >= 0; run--) {
    let gained = 0
    for (let at = run === 0 ? 0 : ends[run - 1]!; at < ends[run]!; at++) {
      const record = order[at]!
      const weight = weights === undefined ? 1 : weights[record]!
      shown += weight
      if (labels[record] === 1) gained += weight
    }
    hits += gained
    if (gained > 0) sum += (gained * hits) / shown
  }
  return sum / hits
}
