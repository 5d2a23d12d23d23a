/**
 * A model's metrics on records that it was not trained on. A metric of private records is a release: it stays with the
 * operator who asked for it, and is never sent to a peer.
 *
 * @module
 */
import assert from 'node:assert/strict'
import type { Normalisation } from '../../protocols/study/normalisation.ts'
import { normalisationLength } from '../../protocols/study/normalisation-kinds.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import { type Dataset, requireContract } from '../datasets/dataset.ts'
import { EXIT, OperatorError } from '../errors.ts'
import type { Backend } from './backend.ts'
import { featuresOnDemand } from './features.ts'
import { buildModel, setParameters } from './model.ts'
import { probabilitiesOf } from './scoring.ts'

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

interface EvaluationInput {
  backend: Backend
  document: StudyDocument
  parameters: Float32Array
  /** of the parameters' checkpoint; optional in studies without normalisation */
  normalisation?: Normalisation
  dataset: Dataset
}

/** Evaluates a model, given by its flat parameters and its normalisation, on all records of a dataset. */
export function evaluate(input: EvaluationInput): Metrics {
  return metrics(scores(input), input.dataset.labels, input.document.contract.classes.length)
}

/**
 * Class probabilities.
 *
 * @returns count × classes, row-major
 * @throws OperatorError `dataset-mismatch`, exit code 11
 */
export function scores({ backend, document, parameters, normalisation, dataset }: EvaluationInput): Float32Array {
  requireContract(dataset, document.contract)
  const normal = normalisation ?? new Float32Array(0)
  assert.equal(normal.length, normalisationLength(document), 'a model comes with the normalisation that it learnt on')
  const { tf } = backend
  const features = featuresOnDemand(document, dataset)
  const model = buildModel(tf, document.model, document.contract)
  try {
    setParameters(tf, model, parameters)
    const everything = Uint32Array.from({ length: dataset.count }, (_, record) => record)
    return probabilitiesOf({ tf, model, document, normalisation: normal, features }, everything)
  } finally {
    model.dispose()
  }
}

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
  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0))
  for (let i = 0; i < count; i++) {
    const row = probabilities.subarray(i * classes, (i + 1) * classes)
    if (!row.every(Number.isFinite)) throw notFinite(i)
    const actual = confusion[labels[i]!]
    assert(actual !== undefined, `the label of record ${i} is one of the ${classes} classes`)
    actual[row.indexOf(Math.max(...row))]! += 1
  }
  const support = confusion.map(row => row.reduce((sum, each) => sum + each, 0))
  const total = support.reduce((sum, each) => sum + each, 0)
  assert.equal(total, count, 'each record is counted once')
  const correct = confusion.reduce((sum, row, index) => sum + row[index]!, 0)
  return {
    auc: areaOfClasses(probabilities, labels, support),
    accuracy: correct / count,
    mcc: correlation(confusion),
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

/**
 * Area under the ROC curve: the probability that a positive record scores above a negative one, ties counting half.
 *
 * @param labels  1 where positive, 0 where not
 * @returns       NaN when there is no positive or no negative, or a score is not a number
 */
export function rocAuc(values: ArrayLike<number>, labels: ArrayLike<number>): number {
  const order = Uint32Array.from({ length: values.length }, (_, index) => index)
  order.sort((a, b) => values[a]! - values[b]!)
  let [positives, rankSum] = [0, 0]
  for (let start = 0; start < order.length; ) {
    const value = values[order[start]!]!
    if (Number.isNaN(value)) return Number.NaN
    let [end, tied] = [start, 0]
    for (; end < order.length && values[order[end]!] === value; end++) if (labels[order[end]!] === 1) tied++
    positives += tied
    rankSum += (tied * (start + 1 + end)) / 2
    start = end
  }
  const negatives = order.length - positives
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives)
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

/** Gorodkin's R_K, 2004; Matthews' coefficient for two classes. Rows are the true classes. */
function correlation(confusion: number[][]): number {
  const actual = confusion.map(row => row.reduce((sum, count) => sum + count, 0))
  const predicted = confusion.map((_, column) => confusion.reduce((sum, row) => sum + row[column]!, 0))
  const total = actual.reduce((sum, count) => sum + count, 0)
  const correct = confusion.reduce((sum, row, index) => sum + row[index]!, 0)
  const dot = (a: number[], b: number[]): number => a.reduce((sum, count, index) => sum + count * b[index]!, 0)
  if (actual.includes(total)) return Number.NaN
  const scale = Math.sqrt((total ** 2 - dot(predicted, predicted)) * (total ** 2 - dot(actual, actual)))
  return scale === 0 ? 0 : (correct * total - dot(actual, predicted)) / scale
}
