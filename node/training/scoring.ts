/** Logits and class probabilities of records under a model. @module */

import type { Normalisation } from '../../protocols/study/normalisation.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import type { RecordSource } from '../datasets/dataset.ts'
import type { Backend, LayersModel, Tensor2D } from './backend.ts'
import { normalise } from './normaliser.ts'

const BATCH = 256

/** Both count × classes, row-major. */
export interface Scores {
  readonly logits: Float32Array
  readonly probabilities: Float32Array
}

interface Scoring {
  readonly tf: Backend['tf']
  /** with its parameters set */
  readonly model: LayersModel
  readonly document: StudyDocument
  readonly normalisation: Normalisation
  /** the records as the input of the model's trained part, before normalisation */
  readonly features: RecordSource
  /** records that are scored, and their number */
  readonly progress?: ((done: number, of: number) => void) | undefined
}

/** Scores the records of these indices, a batch at a time. */
export function scoreRecords(
  { tf, model, document, normalisation, features, progress }: Scoring,
  indices: Uint32Array,
): Scores {
  const classes = document.contract.classes.length
  const found = {
    logits: new Float32Array(indices.length * classes),
    probabilities: new Float32Array(indices.length * classes),
  }
  for (let start = 0; start < indices.length; start += BATCH) {
    const batch = indices.subarray(start, start + BATCH)
    tf.tidy(() => {
      const records = features.select(batch).inputs
      normalise(records, document, normalisation)
      const inputs = tf.tensor(records, [batch.length, ...features.shape])
      const logits = model.predict(inputs, { batchSize: BATCH }) as Tensor2D
      found.logits.set(logits.dataSync(), start * classes)
      found.probabilities.set(tf.softmax(logits).dataSync(), start * classes)
    })
    progress?.(start + batch.length, indices.length)
  }
  return found
}
