/**
 * Inputs of a study's model: the records themselves, or fixed features of them (scattering), which are not learnt.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import type { StudyDocument } from '../../protocols/study/types.ts'
import { type Dataset, type RecordSource, sourceOf } from '../datasets/dataset.ts'
import { RowFile } from '../storage/row-file.ts'
import { trainedPresetOf } from './models/list.ts'
import type { FeatureExtractor } from './models/preset.ts'
import { boundedRecords } from './normaliser.ts'

/** Raised when an extractor's features change: those on disk are computed anew. */
const FEATURES_TAG = 'confrere/features/1'
/** Node hashes at most 2 GiB in one piece. */
const HASHED_BYTES = 1 << 30

/** Cache: features take milliseconds a record, and the same records are requested repeatedly. */
const known = new WeakMap<Dataset, { model: string; features: Dataset }>()

type Preprocessing = Pick<StudyDocument, 'model' | 'contract' | 'normalisation'>

/** The records as the input of a model's trained part, before any normalisation; in memory. */
export function featuresOf(document: Preprocessing, dataset: Dataset): Dataset {
  const extractor = extractorOf(document)
  if (extractor === null) return boundedRecords(document, dataset)
  const key = JSON.stringify(document.model)
  const before = known.get(dataset)
  if (before?.model === key) return before.features
  const { length } = extractor
  const { inputs } = featuresOnDemand(document, dataset).select(
    Uint32Array.from({ length: dataset.count }, (_, at) => at),
  )
  const features = { ...dataset, shape: [length], inputs }
  known.set(dataset, { model: key, features })
  return features
}

/** The same, computed for each batch anew: for records that are used once, and whose features may take gigabytes. */
export function featuresOnDemand(document: Preprocessing, dataset: Dataset): RecordSource {
  const extractor = extractorOf(document)
  if (extractor === null) return sourceOf(boundedRecords(document, dataset))
  const compute = (record: number, into: Float32Array) => extractor.into(into, recordOf(dataset, record))
  return sourceByRow(dataset, extractor.length, compute)
}

/** Where features are kept, and who is told how many are computed. */
export interface FeatureKeeping {
  readonly file: string
  readonly progress: (computed: number, of: number) => void
}

/**
 * The same, but features are computed once and kept on disk: a node that starts again, or was stopped on the way, finds
 * them, and memory holds those of one batch. Records without such features stay in memory.
 *
 * @throws OperatorError `features-damaged`, exit code 12, from `select`; errors of the file system
 */
export function keptFeatures(document: Preprocessing, dataset: Dataset, keeping: FeatureKeeping): RecordSource {
  const extractor = extractorOf(document)
  if (extractor === null) return sourceOf(boundedRecords(document, dataset))
  const { length } = extractor
  const { count } = dataset
  const rows = new RowFile(keeping.file, { key: keyOf(document, dataset), length })
  const features = new Float32Array(length)
  const started = rows.held
  for (let at = started; at < count; at++) {
    keeping.progress(at, count)
    extractor.into(features, recordOf(dataset, at))
    rows.append(features)
  }
  if (started < count) rows.sync()
  if (count > 0) keeping.progress(count, count)
  return sourceByRow(dataset, length, (record, into) => rows.read(record, into))
}

/** Records whose features come one by one. */
function sourceByRow(
  { count, labels }: Dataset,
  length: number,
  read: (record: number, into: Float32Array) => void,
): RecordSource {
  return {
    count,
    shape: [length],
    select: indices => {
      const inputs = new Float32Array(indices.length * length)
      indices.forEach((record, at) => void read(record, inputs.subarray(at * length, (at + 1) * length)))
      return { inputs, labels: Int32Array.from(indices, record => labels[record]!) }
    },
  }
}

function extractorOf({ model, contract }: Preprocessing): FeatureExtractor | null {
  const { frozenFeatures } = trainedPresetOf(model)
  return frozenFeatures === null ? null : frozenFeatures.extractor(contract.shape, model)
}

function recordOf({ inputs, shape }: Dataset, at: number): Float32Array {
  const size = shape.reduce((product, side) => product * side, 1)
  return inputs.subarray(at * size, (at + 1) * size)
}

/** Says which records the features are of, in their order, and how they were computed. */
function keyOf({ model }: Preprocessing, { shape, inputs }: Dataset): Uint8Array {
  const hash = createHash('sha256').update(JSON.stringify([FEATURES_TAG, model, shape]))
  for (let start = 0; start < inputs.byteLength; start += HASHED_BYTES) {
    const length = Math.min(HASHED_BYTES, inputs.byteLength - start)
    hash.update(new Uint8Array(inputs.buffer, inputs.byteOffset + start, length))
  }
  return new Uint8Array(hash.digest())
}
