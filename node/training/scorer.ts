/** A study's model, held ready to score records. @module */

import assert from 'node:assert/strict'
import type { Normalisation } from '../../protocols/study/normalisation.ts'
import { normalisationLength } from '../../protocols/study/normalisation-kinds.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import type { Dataset } from '../datasets/dataset.ts'
import type { Backend, Tensor2D } from './backend.ts'
import { featuresOnDemand } from './features.ts'
import { buildModel, setParameters } from './model.ts'
import { normalise } from './normaliser.ts'

export interface ScoredModel {
  readonly backend: Backend
  readonly document: StudyDocument
  readonly parameters: Float32Array
  /** of the parameters' checkpoint; optional in studies without normalisation */
  readonly normalisation?: Normalisation
}

/** Both count x classes, row-major. */
export interface Scores {
  readonly logits: Float32Array
  readonly probabilities: Float32Array
}

export interface Scorer {
  /** Scores all records of a data set of the contract's shape. Labels are not looked at. */
  score(dataset: Dataset): Scores
  dispose(): void
}

const BATCH = 256

/** Builds the model once, for records that come in portions. The caller disposes of it. */
export function openScorer({ backend, document, parameters, normalisation }: ScoredModel): Scorer {
  const normal = normalisation ?? new Float32Array(0)
  assert.equal(normal.length, normalisationLength(document), 'a model comes with the normalisation that it learnt on')
  const { tf } = backend
  const classes = document.contract.classes.length
  const model = buildModel(tf, document.model, document.contract)
  setParameters(tf, model, parameters)
  const score = (dataset: Dataset): Scores => {
    const features = featuresOnDemand(document, dataset)
    const found = {
      logits: new Float32Array(dataset.count * classes),
      probabilities: new Float32Array(dataset.count * classes),
    }
    for (let start = 0; start < dataset.count; start += BATCH) {
      const end = Math.min(start + BATCH, dataset.count)
      tf.tidy(() => {
        const records = features.select(Uint32Array.from({ length: end - start }, (_, at) => start + at)).inputs
        normalise(records, document, normal)
        const inputs = tf.tensor(records, [end - start, ...features.shape])
        const logits = model.predict(inputs, { batchSize: BATCH }) as Tensor2D
        found.logits.set(logits.dataSync(), start * classes)
        found.probabilities.set(tf.softmax(logits).dataSync(), start * classes)
      })
    }
    return found
  }
  return { score, dispose: () => void model.dispose() }
}
