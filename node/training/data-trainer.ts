/**
 * A hospital's share of one training step: the clipped sum over a Poisson sample of its own records.
 *
 * @module
 */

import { RandomReader, type Rng } from '../../crypto/rng.ts'
import { type Subgroups, studySubgroups } from '../../protocols/study/subgroups.ts'
import { tableLayout } from '../../protocols/study/table.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import { type Dataset, datasetCounts, requireContract, sourceOf, valuesOf } from '../datasets/dataset.ts'
import { repeatedRecords } from '../datasets/distinct.ts'
import { isHeldBack } from '../datasets/held-back.ts'
import { type Units, unitsOf } from '../datasets/units.ts'
import { unitsWithoutWithdrawn } from '../datasets/withdrawn.ts'
import { drawViews } from './augmentation.ts'
import type { Backend } from './backend.ts'
import { countedRecords } from './counted.ts'
import { evaluationSum } from './evaluation-sum.ts'
import { type FeatureKeeping, featuresOf, keptFeatures } from './features.ts'
import { buildModel, setParameters } from './model.ts'
import { boundedRecords, featureSumOf, normalise, statisticsOf } from './normaliser.ts'
import { unitsOfPass } from './pass.ts'
import { createBookkeeping } from './per-example-clipping.ts'
import { poissonSample } from './sampler.ts'
import { scoreRecords } from './scoring.ts'
import { createTableTrainer } from './table-sum.ts'
import type { ModelState, Trainer } from './trainer.ts'

export type { Dataset } from '../datasets/dataset.ts'

/**
 * Creates the trainer of a study on a data set.
 *
 * @param rng      cryptographically secure: the privacy guarantee needs the sample and the views to be secret
 * @param keeping  where features of the records are kept on disk; in memory without it
 * @param withdrawn  hashes of patients who are out, asked before each step: their records are drawn no more
 * @throws OperatorError `dataset-mismatch` or `unsupported-layer`, exit code 11
 */
export function createTrainer({
  document,
  dataset,
  backend,
  rng,
  keeping,
  withdrawn = () => NOBODY,
}: {
  document: StudyDocument
  dataset: Dataset
  backend: Backend
  rng: Rng
  keeping?: FeatureKeeping
  withdrawn?: () => ReadonlySet<string>
}): Trainer {
  requireContract(dataset, document.contract)
  const known = { repeatedRecords: repeatedRecords(dataset, document.unit), recordCounts: datasetCounts(dataset) }
  const layout = tableLayout(document)
  if (layout !== null) {
    return createTableTrainer({ document, dataset, engine: backend.engine }, { layout, withdrawn, known })
  }
  const { clippingNorm, sampleRate } = document.privacy
  const model = buildModel(backend.tf, document.model, document.contract)
  const { augmentation } = document
  const views = augmentation?.views ?? 1
  /** for units of so many records */
  const bookkeepingOf = memo((records: number) =>
    createBookkeeping(backend, { model, clippingNorm, views, records, unitsMax: unitsOfPass(document, records) }),
  )
  const { dimension } = bookkeepingOf(1)
  const records = countedRecords(document, dataset)
  const { units, heldBack } = sidesOf(unitsOf(document.unit, records), isHeldBack(document, records))
  const presentUnits = (of = units): Units => unitsWithoutWithdrawn(of, records, withdrawn())
  const features =
    keeping === undefined ? sourceOf(featuresOf(document, records)) : keptFeatures(document, records, keeping)
  const sumOf = (from: Units, sample: Uint32Array, { parameters, normalisation }: ModelState): Float64Array => {
    const sum = new Float64Array(dimension)
    const reader = new RandomReader(rng)
    for (const { size, indices } of passesOf(from, sample, size => bookkeepingOf(size).unitsMax)) {
      const { inputs, labels } = features.select(indices)
      const { shape } = features
      const seen = augmentation === undefined ? inputs : drawViews(inputs, { shape, augmentation, reader })
      normalise(seen, document, normalisation)
      bookkeepingOf(size).addClipped(sum, { parameters, inputs: seen, labels })
    }
    reader.wipe()
    return sum
  }
  return {
    dimension,
    engine: backend.engine,
    clippedSum: state => {
      const present = presentUnits()
      return sumOf(present, poissonSample(present.count, sampleRate, rng), state)
    },
    sumOfLargest: (state, count) => void sumOf(units, largestUnits(units, count), state),
    units: units.count,
    statisticsSum: () => {
      const { normalisation } = document
      if (normalisation?.kind === 'mean') return featureSumOf(features, presentUnits(), normalisation.norm)
      return statisticsOf(document, boundedRecords(document, records), presentUnits())
    },
    evaluationSum: ({ parameters, normalisation }) => {
      const { classes } = document.contract
      const present = presentUnits(heldBack)
      const indices = Uint32Array.from(
        Array.from({ length: present.count }, (_, at) => [...present.recordsOf(at)]).flat(),
      )
      setParameters(backend.tf, model, parameters)
      const scoring = { tf: backend.tf, model, document, normalisation, features }
      const { probabilities } = scoreRecords(scoring, indices)
      const subgroups = studySubgroups(document)
      const placeOf = new Map(Array.from(indices, (record, place) => [record, place]))
      return evaluationSum(
        {
          units: present,
          labelOf: record => records.labels[record]!,
          probabilitiesOf: record => {
            const place = placeOf.get(record)!
            return probabilities.subarray(place * classes.length, (place + 1) * classes.length)
          },
          ...(subgroups !== null && { groupOf: groupReader(records, subgroups) }),
        },
        { classes: classes.length, bins: document.evaluation?.bins ?? 1, groups: subgroups?.names.length ?? 1 },
      )
    },
    tableSum: () => new Float64Array(0),
    ...known,
    dispose: () => model.dispose(),
  }
}

/** The units that are trained on, and those that are held back. A unit's records are all on one side. */
function sidesOf(units: Units, isBack: (record: number) => boolean): { units: Units; heldBack: Units } {
  const back = Array.from({ length: units.count }, (_, unit) => isBack(units.recordsOf(unit)[0]!))
  const side = (wanted: boolean): Units => {
    const kept = back.flatMap((held, unit) => (held === wanted ? [unit] : []))
    return kept.length === units.count ? units : { count: kept.length, recordsOf: at => units.recordsOf(kept[at]!) }
  }
  return { units: side(false), heldBack: side(true) }
}

/** What reads a record's group. */
function groupReader(records: Dataset, { groupOf }: Subgroups): (record: number) => number {
  const read = valuesOf(records)
  const values = new Float32Array(records.shape.reduce((product, side) => product * side, 1))
  return record => {
    read(record, values)
    return groupOf(values)
  }
}

/** Those with the most records. */
function largestUnits(units: Units, count: number): Uint32Array {
  const order = Array.from({ length: units.count }, (_, unit) => unit)
  order.sort((a, b) => units.recordsOf(b).length - units.recordsOf(a).length)
  return Uint32Array.from(order.slice(0, count))
}

const NOBODY: ReadonlySet<string> = new Set()

/** Units of one pass: all have the same number of records, which stand side by side. */
interface Pass {
  /** records of a unit */
  readonly size: number
  readonly indices: Uint32Array
}

/** Deals sampled units to passes, by their numbers of records. */
function* passesOf(units: Units, sample: Uint32Array, unitsMax: (size: number) => number): Generator<Pass> {
  const bySize = new Map<number, Uint32Array[]>()
  for (const unit of sample) {
    const records = units.recordsOf(unit)
    const same = bySize.get(records.length)
    if (same === undefined) bySize.set(records.length, [records])
    else same.push(records)
  }
  for (const [size, some] of bySize) {
    const most = unitsMax(size)
    for (let start = 0; start < some.length; start += most) {
      const indices = some.slice(start, start + most).flatMap(records => [...records])
      yield { size, indices: Uint32Array.from(indices) }
    }
  }
}

function memo<Value>(make: (key: number) => Value): (key: number) => Value {
  const made = new Map<number, Value>()
  return key => {
    const value = made.get(key) ?? make(key)
    made.set(key, value)
    return value
  }
}
