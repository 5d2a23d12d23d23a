/** A model's main metrics, from class probabilities and labels. @module */

import assert from 'node:assert/strict'
import { EXIT, OperatorError } from '../errors.ts'
import { accuracyOf, confusionOf, matthews, supportOf } from './confusion.ts'
import { rocAuc } from './roc.ts'

export interface Metrics {
  /**
   * Area under the ROC curve; of more than two classes the mean of one-vs-rest over those that have records. NaN where
   * all records are of one class, or there are none.
   */
  auc: number
  /** NaN where there are no records */
  accuracy: number
  /**
   * Matthews' correlation coefficient; of more than two classes Gorodkin's R_K. 0 where the model says the same class
   * of every record, NaN where all records are of one class, or there are none.
   */
  mcc: number
  count: number
  /** records of each class; they add up to `count` */
  support: number[]
}

const NAMES_SHOWN = 10

/**
 * All metrics from class probabilities (count × classes, row-major) and class indices. A class without a record affects
 * only the metrics that are not defined without it: see `gapsOf`.
 *
 * @throws OperatorError `model-not-finite`, exit code 8, when a probability is not a number
 * @throws AssertionError when the numbers of records, labels and probabilities do not add up
 */
export function metrics(probabilities: Float32Array, labels: ArrayLike<number>, classes: number): Metrics {
  const count = labels.length
  assert.equal(probabilities.length, count * classes, 'each record has a probability of each class')
  const predicted = new Int32Array(count)
  for (let i = 0; i < count; i++) {
    const row = probabilities.subarray(i * classes, (i + 1) * classes)
    if (!row.every(Number.isFinite)) throw notFinite(i)
    assert(labels[i]! >= 0 && labels[i]! < classes, `the label of record ${i} is one of the ${classes} classes`)
    predicted[i] = row.indexOf(Math.max(...row))
  }
  const confusion = confusionOf(predicted, labels, { classes })
  const support = supportOf(confusion)
  const total = support.reduce((sum, each) => sum + each, 0)
  assert.equal(total, count, 'each record is counted once')
  return {
    auc: areaOfClasses(probabilities, labels, support),
    accuracy: accuracyOf(confusion),
    mcc: matthews(confusion),
    count,
    support,
  }
}

/** Why a metric is not defined, or does not cover all classes; null where neither holds. */
export interface MetricGaps {
  auc: string | null
  mcc: string | null
}

/** How classes without records affect the metrics, in words for the operator. */
export function gapsOf({ support }: Pick<Metrics, 'support'>, classes: readonly string[]): MetricGaps {
  const absent = classes.filter((_, index) => support[index] === 0)
  if (absent.length === 0) return { auc: null, mcc: null }
  const present = classes.filter((_, index) => support[index] !== 0)
  if (present.length === 0)
    return { auc: 'not defined: there are no records', mcc: 'not defined: there are no records' }
  if (present.length === 1) {
    const reason = `not defined: all records are of the class "${present[0]}"`
    return { auc: reason, mcc: reason }
  }
  const shown = absent.slice(0, NAMES_SHOWN).map(name => `"${name}"`)
  const more = absent.length > NAMES_SHOWN ? ` and ${absent.length - NAMES_SHOWN} more` : ''
  return {
    auc: `mean over ${present.length} of ${classes.length} classes: no record is of the class ${shown.join(', ')}${more}`,
    mcc: null,
  }
}

/**
 * A metric for display.
 *
 * @param gap   of `gapsOf`: why it is not defined, or what it does not cover
 */
export function figureText(value: number, gap: string | null, digits = 4): string {
  if (Number.isNaN(value)) return gap ?? 'not defined'
  return `${value.toFixed(digits)}${gap === null ? '' : ` (${gap})`}`
}

function notFinite(record: number): OperatorError {
  return new OperatorError('model-not-finite', `The model's answer to record ${record} is not a number`, {
    hint: 'Check that the records are in the units of the study; if they are, the training has diverged, and a new study needs a smaller learning rate.',
    exitCode: EXIT.verificationFailed,
  })
}

function areaOfClasses(probabilities: Float32Array, labels: ArrayLike<number>, support: readonly number[]): number {
  const classes = support.length
  const present = support.flatMap((records, index) => (records > 0 ? [index] : []))
  if (present.length < 2) return Number.NaN
  const scored = classes === 2 ? [1] : present
  const areas = scored.map(index => {
    const values = Float32Array.from({ length: labels.length }, (_, row) => probabilities[row * classes + index]!)
    return rocAuc(
      values,
      Array.from(labels, label => (label === index ? 1 : 0)),
    )
  })
  return areas.reduce((sum, area) => sum + area, 0) / areas.length
}
