/**
 * How good a model is on records that it was not trained on. A metric of private records is a release: it stays with
 * the operator who asked, and is never sent to a peer.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { initialNormalisation, type Normalisation, normalisedColumns } from '../../protocols/study/normalisation.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import { type Dataset, requireContract } from '../datasets/dataset.ts'
import type { Backend, Tensor2D } from './backend.ts'
import { featuresOf } from './features.ts'
import { buildModel, setParameters } from './model.ts'
import { normalise } from './normaliser.ts'

export interface Metrics {
  /** Area under the ROC curve; of more than two classes the mean of one-vs-rest. NaN where it is not defined. */
  auc: number
  accuracy: number
  /** Matthews' correlation coefficient; of more than two classes Gorodkin's R_K. 0 where it is not defined. */
  mcc: number
  count: number
}

const BATCH = 256

interface EvaluationInput {
  backend: Backend
  document: StudyDocument
  parameters: Float32Array
  /** of the checkpoint that the parameters are from; may be left out in studies without one */
  normalisation?: Normalisation
  dataset: Dataset
}

/** Evaluates a model, given by its flat parameters and its normalisation, on all records of a dataset. */
export function evaluate(input: EvaluationInput): Metrics {
  return metrics(scores(input), input.dataset.labels, input.document.data.classes.length)
}

/**
 * Class probabilities.
 *
 * @returns count × classes, row-major
 * @throws OperatorError `dataset-mismatch`, exit code 11
 */
export function scores({ backend, document, parameters, normalisation, dataset }: EvaluationInput): Float32Array {
  requireContract(dataset, document.data)
  const normal = normalisation ?? initialNormalisation(0)
  assert.equal(normal.length, 2 * normalisedColumns(document), 'a model comes with the normalisation that it learnt on')
  const { tf } = backend
  const classes = document.data.classes.length
  const features = featuresOf(document, dataset)
  const size = features.shape.reduce((product, length) => product * length, 1)
  const probabilities = new Float32Array(dataset.count * classes)
  const model = buildModel(tf, document.model, document.data)
  try {
    setParameters(tf, model, parameters)
    for (let start = 0; start < dataset.count; start += BATCH) {
      const end = Math.min(start + BATCH, dataset.count)
      tf.tidy(() => {
        const records = features.inputs.slice(start * size, end * size)
        normalise(records, normal)
        const inputs = tf.tensor(records, [end - start, ...features.shape])
        const logits = model.predict(inputs, { batchSize: BATCH }) as Tensor2D
        probabilities.set(tf.softmax(logits).dataSync(), start * classes)
      })
    }
  } finally {
    model.dispose()
  }
  return probabilities
}

/** All metrics from class probabilities (count × classes, row-major) and class indices. */
export function metrics(probabilities: Float32Array, labels: ArrayLike<number>, classes: number): Metrics {
  const count = labels.length
  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0))
  for (let i = 0; i < count; i++) {
    const row = probabilities.subarray(i * classes, (i + 1) * classes)
    confusion[labels[i]!]![row.indexOf(Math.max(...row))]! += 1
  }
  const correct = confusion.reduce((sum, row, index) => sum + row[index]!, 0)
  return {
    auc: areaOfClasses(probabilities, labels, classes),
    accuracy: correct / count,
    mcc: correlation(confusion),
    count,
  }
}

/**
 * Area under the ROC curve: the probability that a positive record scores above a negative one, ties counting half.
 *
 * @param labels  1 where positive, 0 where not
 * @returns       NaN when one of the two is missing or a score is not a number
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

function areaOfClasses(probabilities: Float32Array, labels: ArrayLike<number>, classes: number): number {
  const scored = classes === 2 ? [1] : Array.from({ length: classes }, (_, index) => index)
  const areas = scored.map(index => {
    const values = Float32Array.from({ length: labels.length }, (_, row) => probabilities[row * classes + index]!)
    return rocAuc(
      values,
      Array.from(labels, label => (label === index ? 1 : 0)),
    )
  })
  return areas.reduce((sum, area) => sum + area, 0) / areas.length
}

/** Gorodkin 2004; Matthews' coefficient for two classes. Rows are the true classes. */
function correlation(confusion: number[][]): number {
  const actual = confusion.map(row => row.reduce((sum, count) => sum + count, 0))
  const predicted = confusion.map((_, column) => confusion.reduce((sum, row) => sum + row[column]!, 0))
  const total = actual.reduce((sum, count) => sum + count, 0)
  const correct = confusion.reduce((sum, row, index) => sum + row[index]!, 0)
  const dot = (a: number[], b: number[]): number => a.reduce((sum, count, index) => sum + count * b[index]!, 0)
  const scale = Math.sqrt((total ** 2 - dot(predicted, predicted)) * (total ** 2 - dot(actual, actual)))
  return scale === 0 ? 0 : (correct * total - dot(actual, predicted)) / scale
}
