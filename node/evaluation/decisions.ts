/** From scores to what the model says of a record. @module */

import { rocOf } from './roc.ts'
import { isOfClass, measuredClasses, type Sample, scoresOf } from './sample.ts'
import { type ThresholdRule, thresholdOf } from './threshold.ts'

export interface Decisions {
  /** the class that the model says, for each record */
  readonly predicted: Int32Array
  /** by measured class: 1 where the model says it, one class against the rest */
  readonly said: readonly Uint8Array[]
  /** by measured class; null: the class of the largest score is said; NaN: the rule gives none here */
  readonly thresholds: readonly (number | null)[]
}

/** The threshold of each measured class, by a rule, on these records. */
export function thresholdsOf(sample: Sample, rule: ThresholdRule): (number | null)[] {
  return measuredClasses(sample.classes).map(index => {
    const positive = isOfClass(sample, index)
    const both = positive.includes(1) && positive.includes(0)
    const points = both ? rocOf(scoresOf(sample, index), Array.from(positive, Boolean)).points : null
    return thresholdOf(rule, points)
  })
}

/**
 * What the model says at given thresholds. Two classes: the second from its threshold on, else the first. More: the class
 * of the largest score; thresholds decide about each class against the rest alone.
 */
export function decisionsAt(sample: Sample, thresholds: readonly (number | null)[]): Decisions {
  const { classes, labels, scores } = sample
  const largest = Int32Array.from(labels, (_, record) => {
    const row = scores.subarray(record * classes.length, (record + 1) * classes.length)
    return row.indexOf(Math.max(...row))
  })
  const said = measuredClasses(classes).map((index, at) => {
    const threshold = thresholds[at]!
    if (threshold === null) return Uint8Array.from(largest, found => (found === index ? 1 : 0))
    return Uint8Array.from(scoresOf(sample, index), score => (score >= threshold ? 1 : 0))
  })
  return { predicted: classes.length === 2 ? Int32Array.from(said[0]!) : largest, said, thresholds }
}
