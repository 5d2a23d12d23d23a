/**
 * A hospital's share of one training step: the clipped sum over a Poisson sample of its own records.
 *
 * @module
 */

import { RandomReader, type Rng } from '../../crypto/rng.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import { type Dataset, requireContract, sourceOf } from '../datasets/dataset.ts'
import { distinctRecords, repeatedRecords } from '../datasets/distinct.ts'
import { drawViews } from './augmentation.ts'
import type { Backend } from './backend.ts'
import { type FeatureKeeping, featuresOf, keptFeatures } from './features.ts'
import { buildModel } from './model.ts'
import { boundedRecords, normalise, statisticsOf } from './normaliser.ts'
import { recordsOfPass } from './pass.ts'
import { createBookkeeping } from './per-example-clipping.ts'
import { poissonSample } from './sampler.ts'
import type { Trainer } from './trainer.ts'

export type { Dataset } from '../datasets/dataset.ts'

/**
 * Creates the trainer of a study on a data set. Copies of one image in the data set count as one record.
 *
 * @param rng      cryptographically secure: the privacy guarantee needs the sample and the views to be secret
 * @param keeping  where features of the records are kept on disk; in memory without it
 * @throws OperatorError `dataset-mismatch` or `unsupported-layer`, exit code 11
 */
export function createTrainer({
  document,
  dataset,
  backend,
  rng,
  keeping,
}: {
  document: StudyDocument
  dataset: Dataset
  backend: Backend
  rng: Rng
  keeping?: FeatureKeeping
}): Trainer {
  requireContract(dataset, document.contract)
  const { clippingNorm, sampleRate } = document.privacy
  const model = buildModel(backend.tf, document.model, document.contract)
  const { augmentation } = document
  const views = augmentation?.views ?? 1
  const bookkeeping = createBookkeeping(backend, { model, clippingNorm, views, recordsMax: recordsOfPass(document) })
  const records = distinctRecords(dataset)
  const features =
    keeping === undefined ? sourceOf(featuresOf(document, records)) : keptFeatures(document, records, keeping)
  return {
    dimension: bookkeeping.dimension,
    engine: backend.engine,
    clippedSum: ({ parameters, normalisation }) => {
      const sample = poissonSample(features.count, sampleRate, rng)
      const sum = new Float64Array(bookkeeping.dimension)
      const { recordsMax } = bookkeeping
      const reader = new RandomReader(rng)
      for (let start = 0; start < sample.length; start += recordsMax) {
        const { inputs, labels } = features.select(sample.subarray(start, start + recordsMax))
        const { shape } = features
        const seen = augmentation === undefined ? inputs : drawViews(inputs, { shape, augmentation, reader })
        normalise(seen, normalisation)
        bookkeeping.addClipped(sum, { parameters, inputs: seen, labels })
      }
      reader.wipe()
      return sum
    },
    statisticsSum: () => statisticsOf(document, boundedRecords(document, records)),
    repeatedRecords: repeatedRecords(dataset),
    dispose: () => model.dispose(),
  }
}
