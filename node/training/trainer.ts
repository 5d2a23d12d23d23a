/**
 * A hospital's part of one training step: the clipped sum over a Poisson sample of its own records.
 *
 * @module
 */
import { RandomReader, type Rng } from '../../crypto/rng.ts'
import type { StudyDocument } from '../../protocols/study/document.ts'
import { type Dataset, requireContract, selectRecords } from '../datasets/dataset.ts'
import { recordHashes } from '../record-set.ts'
import { drawViews } from './augmentation.ts'
import type { Backend } from './backend.ts'
import { createBookkeeping } from './bookkeeping.ts'
import { featuresOf } from './features.ts'
import { buildModel } from './model.ts'
import { poissonSample } from './sampler.ts'

export type { Dataset } from '../datasets/dataset.ts'

export interface Trainer {
  readonly dimension: number
  readonly engine: string
  /**
   * Draws a fresh Poisson sample and adds up its per-example gradients, each clipped to 0.99·clippingNorm: not divided
   * by anything, and zeros when the sample is empty. Neither the sample nor its size may leave this process.
   *
   * @param parameters  flat, as `parameterSpecs` lays them out
   * @returns           flat, float64
   */
  clippedSum(parameters: Float32Array): Float64Array
  /** a hash of each record under a key of this node, sorted */
  recordHashes(key: Uint8Array): Uint8Array
  dispose(): void
}

/**
 * @param rng  cryptographically secure: the sample is a secret of the privacy guarantee, and so are the views
 * @throws OperatorError `dataset-mismatch` or `unsupported-layer`, exit code 11
 */
export function createTrainer({
  document,
  dataset,
  backend,
  rng,
}: {
  document: StudyDocument
  dataset: Dataset
  backend: Backend
  rng: Rng
}): Trainer {
  requireContract(dataset, document.data)
  const { clippingNorm, sampleRate } = document.privacy
  const model = buildModel(backend.tf, document.model, document.data)
  const { augmentation } = document
  const bookkeeping = createBookkeeping(backend, { model, clippingNorm, views: augmentation?.views ?? 1 })
  const features = featuresOf(document.model, dataset)
  return {
    dimension: bookkeeping.dimension,
    engine: backend.engine,
    clippedSum: parameters => {
      const sample = poissonSample(dataset.count, sampleRate, rng)
      const sum = new Float64Array(bookkeeping.dimension)
      const { recordsMax } = bookkeeping
      const reader = new RandomReader(rng)
      for (let start = 0; start < sample.length; start += recordsMax) {
        const { inputs, labels } = selectRecords(features, sample.subarray(start, start + recordsMax))
        const { shape } = features
        const seen = augmentation === undefined ? inputs : drawViews(inputs, { shape, augmentation, reader })
        bookkeeping.addClipped(sum, { parameters, inputs: seen, labels })
      }
      reader.wipe()
      return sum
    },
    recordHashes: key => recordHashes(dataset, key),
    dispose: () => model.dispose(),
  }
}
