/**
 * Inputs of a study's model: the records themselves, or fixed features of them (scattering), which are not learnt.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import type { StudyDocument } from '../../protocols/study/types.ts'
import { type Dataset, eachRecord, type RecordSource, selectRecords, sourceOf, valuesOf } from '../datasets/dataset.ts'
import { RowFile } from '../storage/row-file.ts'
import { trainedPresetOf } from './models/list.ts'
import type { FeatureExtractor } from './models/preset.ts'
import { boundedRecords } from './normaliser.ts'

/** Raised when an extractor's features change: those on disk are computed anew. */
const FEATURES_TAG = 'confrere/features/1'

/** Cache: features take milliseconds a record, and the same records are requested repeatedly. */
const known = new WeakMap<Dataset, { model: string; features: Dataset }>()

type Preprocessing = Pick<StudyDocument, 'model' | 'contract' | 'normalisation'>

/** The records as the input of a model's trained part, before any normalisation; features are in memory. */
export function featuresOf(document: Preprocessing, dataset: Dataset): Dataset {
  const extractor = extractorOf(document)
  if (extractor === null) return boundedRecords(document, dataset)
  const key = JSON.stringify(document.model)
  const before = known.get(dataset)
  if (before?.model === key) return before.features
  const onDemand = extracted(dataset, extractor)
  const { inputs } = selectRecords(
    onDemand,
    Uint32Array.from({ length: dataset.count }, (_, at) => at),
  )
  const features = { ...onDemand, inputs }
  known.set(dataset, { model: key, features })
  return features
}

/** The same, computed for each batch anew: for records that are used once, and whose features may take gigabytes. */
export function featuresOnDemand(document: Preprocessing, dataset: Dataset): RecordSource {
  const extractor = extractorOf(document)
  if (extractor === null) return sourceOf(boundedRecords(document, dataset))
  return sourceOf(extracted(dataset, extractor))
}

/** Where features are kept, and who is told how many are computed. */
export interface FeatureKeeping {
  readonly file: string
  readonly progress: (computed: number, of: number) => void
}

/**
 * The same, but features are computed once and kept on disk: a node that starts again, or was stopped on the way, finds
 * them, and memory holds those of one batch. Records without such features are read as they are kept.
 *
 * @throws OperatorError `features-damaged`, exit code 12, from `select`; errors of the file system
 */
export function keptFeatures(document: Preprocessing, dataset: Dataset, keeping: FeatureKeeping): RecordSource {
  const extractor = extractorOf(document)
  if (extractor === null) return sourceOf(boundedRecords(document, dataset))
  const { length } = extractor
  const { count } = dataset
  const rows = new RowFile(keeping.file, { key: keyOf(document, dataset), length })
  const compute = valuesOf(extracted(dataset, extractor))
  const features = new Float32Array(length)
  const started = rows.held
  for (let at = started; at < count; at++) {
    keeping.progress(at, count)
    compute(at, features)
    rows.append(features)
  }
  if (started < count) rows.sync()
  if (count > 0) keeping.progress(count, count)
  return sourceOf({ ...dataset, shape: [length], inputs: (record, into) => rows.read(record, into) })
}

/** Features of records, computed whenever they are read. */
function extracted(dataset: Dataset, { length, into: extract }: FeatureExtractor): Dataset {
  const read = valuesOf(dataset)
  const values = new Float32Array(dataset.shape.reduce((product, side) => product * side, 1))
  const inputs = (record: number, into: Float32Array): void => {
    read(record, values)
    extract(into, values)
  }
  return { ...dataset, shape: [length], inputs }
}

function extractorOf({ model, contract }: Preprocessing): FeatureExtractor | null {
  const { frozenFeatures } = trainedPresetOf(model)
  return frozenFeatures === null ? null : frozenFeatures.extractor(contract.shape, model)
}

/** Says which records the features are of, in their order, and how they were computed. */
function keyOf({ model }: Preprocessing, dataset: Dataset): Uint8Array {
  const hash = createHash('sha256').update(JSON.stringify([FEATURES_TAG, model, dataset.shape]))
  eachRecord(dataset, values => void hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength)))
  return new Uint8Array(hash.digest())
}
