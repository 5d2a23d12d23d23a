/** What a hospital adds to a round of evaluation: its held-back units, counted by label and score. @module */

import { binOf, evaluationLayout } from '../../protocols/study/evaluation.ts'
import type { Units } from '../datasets/units.ts'

/** The scores of all records of some units. */
export interface ScoredUnits {
  readonly units: Units
  /** class index of a record */
  readonly labelOf: (record: number) => number
  /** probabilities of a record's classes */
  readonly probabilitiesOf: (record: number) => Float32Array
  /** group of a record, in studies that count groups apart */
  readonly groupOf?: (record: number) => number
}

/**
 * The counts of an evaluation. Each unit adds 1 in all to every histogram, in equal shares for each of its records; a
 * record whose score is no number adds nothing.
 *
 * @param shape K classes, B bins and the number of groups, see `evaluationLayout`
 * @returns float64, as long as the layout says
 */
export function evaluationSum(
  { units, labelOf, probabilitiesOf, groupOf = () => 0 }: ScoredUnits,
  { classes, bins, groups = 1 }: { readonly classes: number; readonly bins: number; readonly groups?: number },
): Float64Array {
  const { dimension, words, scored, binAt, predictionAt } = evaluationLayout(classes, bins, groups)
  const all = new Float64Array(words)
  for (let unit = 0; unit < units.count; unit++) {
    const records = units.recordsOf(unit)
    const share = 1 / records.length
    for (const record of records) {
      const [label, probabilities] = [labelOf(record), probabilitiesOf(record)]
      if (!probabilities.every(Number.isFinite)) continue
      const group = groupOf(record)
      const sum = all.subarray(group * dimension, (group + 1) * dimension)
      for (const one of scored) sum[binAt(one, label, binOf(probabilities[one]!, bins))]! += share
      if (predictionAt === null) continue
      const predicted = probabilities.indexOf(Math.max(...probabilities))
      sum[predictionAt(label, predicted)]! += share
    }
  }
  return all
}
