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
import { type Metrics, metrics } from '../evaluation/metrics.ts'
import type { Backend, Tensor2D } from './backend.ts'
import { featuresOnDemand } from './features.ts'
import { buildModel, setParameters } from './model.ts'
import { normalise } from './normaliser.ts'

const BATCH = 256

interface EvaluationInput {
  backend: Backend
  document: StudyDocument
  parameters: Float32Array
  /** of the parameters' checkpoint; optional in studies without normalisation */
  normalisation?: Normalisation
  dataset: Dataset
  /** records that are scored, and their number */
  progress?: (done: number, of: number) => void
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
export function scores(input: EvaluationInput): Float32Array {
  const { backend, document, parameters, normalisation, dataset, progress } = input
  requireContract(dataset, document.contract)
  const normal = normalisation ?? new Float32Array(0)
  assert.equal(normal.length, normalisationLength(document), 'a model comes with the normalisation that it learnt on')
  const { tf } = backend
  const classes = document.contract.classes.length
  const features = featuresOnDemand(document, dataset)
  const probabilities = new Float32Array(dataset.count * classes)
  const model = buildModel(tf, document.model, document.contract)
  try {
    setParameters(tf, model, parameters)
    for (let start = 0; start < dataset.count; start += BATCH) {
      const end = Math.min(start + BATCH, dataset.count)
      tf.tidy(() => {
        const records = features.select(Uint32Array.from({ length: end - start }, (_, at) => start + at)).inputs
        normalise(records, document, normal)
        const inputs = tf.tensor(records, [end - start, ...features.shape])
        const logits = model.predict(inputs, { batchSize: BATCH }) as Tensor2D
        probabilities.set(tf.softmax(logits).dataSync(), start * classes)
      })
      progress?.(end, dataset.count)
    }
  } finally {
    model.dispose()
  }
  return probabilities
}
