/**
 * The records of an audit: dealt to simulated hospitals, and as inputs of a model's trained part.
 *
 * @module
 */

import { RandomReader, type Rng } from '../../crypto/rng.ts'
import type { DataContract } from '../../protocols/study/contracts/list.ts'
import { boundsOf } from '../../protocols/study/normalisation.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import type { UnitName } from '../../protocols/study/unit.ts'
import { type Dataset, recordsAt } from '../datasets/dataset.ts'
import { type Units, unitsOf } from '../datasets/units.ts'
import { featuresOf } from '../training/features.ts'
import { trainedPresetOf } from '../training/models/list.ts'

/** The numbers 0 to count − 1 in a random order. */
export function shuffle(count: number, rng: Rng): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, at) => at)
  if (count < 2) return order
  const reader = new RandomReader(rng, Math.min(count, 1024))
  for (let last = count - 1; last > 0; last--) {
    const other = reader.uniformBelow(last + 1)
    ;[order[last], order[other]] = [order[other]!, order[last]!]
  }
  return order
}

/** The records of some units, unit after unit. */
export function recordsOfUnits(units: Units, chosen: Uint32Array): Uint32Array {
  return Uint32Array.from([...chosen].flatMap(unit => [...units.recordsOf(unit)]))
}

/** Deals units evenly to the hospitals, in random order. */
export function deal(unit: UnitName, dataset: Dataset, { hospitals, rng }: { hospitals: number; rng: Rng }): Dataset[] {
  const units = unitsOf(unit, dataset)
  const order = shuffle(units.count, rng)
  return Array.from({ length: hospitals }, (_, hospital) =>
    recordsAt(
      dataset,
      recordsOfUnits(
        units,
        order.filter((_, at) => at % hospitals === hospital),
      ),
    ),
  )
}

/** A study of the trained part alone, and its input records. */
export interface TrainedPart {
  readonly document: StudyDocument
  readonly records: Dataset
}

/**
 * Turns a study on frozen features into one of a linear model on vectors, which starts at 0 as well, so that many
 * trainings compute the features once. Any other study stays as it is.
 */
export function trainedPart(document: StudyDocument, dataset: Dataset): TrainedPart {
  if (trainedPresetOf(document.model).frozenFeatures === null) return { document, records: dataset }
  const records = featuresOf(document, dataset)
  return { document: { ...document, contract: vectorsOf(document, records), model: { preset: 'logistic' } }, records }
}

/**
 * The same for an attack on a first update: columns with bounds are already scaled; columns are not yet normalised and
 * features not yet centred by statistics. A study that needs no change is returned itself.
 */
export function attackedPart(document: StudyDocument, dataset: Dataset): TrainedPart {
  const { normalisation, ...rest } = document
  if (boundsOf(document) === null) return trainedPart(normalisation === undefined ? document : rest, dataset)
  const records = featuresOf(document, dataset)
  const { contract } = document
  if (contract.kind === 'image') return { document: rest, records }
  return { document: { ...rest, contract: vectorsOf(document, records) }, records }
}

/** The contract of records that are ready to train on. */
function vectorsOf({ contract }: StudyDocument, { shape }: Dataset): DataContract {
  const { classes, patients } = contract
  return { kind: 'vector', shape: [shape[0]!], classes, ...(patients && { patients }) }
}
