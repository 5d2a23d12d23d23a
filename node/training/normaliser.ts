/**
 * Preprocesses records for the model: clips them to the study's public bounds and scales them to −1 … 1, then shifts
 * and multiplies them by the normalisation that all hospitals agreed on.
 *
 * @module
 */

import type { Bounds } from '../../protocols/study/contracts/fields.ts'
import { boundsOf, columnsOf, type Normalisation, statisticsDimension } from '../../protocols/study/normalisation.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import type { Dataset } from '../datasets/dataset.ts'
import type { Units } from '../datasets/units.ts'
import { CLIP_MARGIN } from './per-example-clipping.ts'

/** A dataset's records, clipped and scaled by the study's bounds; unchanged where the study has none. */
export function boundedRecords(document: Pick<StudyDocument, 'contract' | 'normalisation'>, dataset: Dataset): Dataset {
  const bounds = boundsOf(document)
  if (bounds === null) return dataset
  const inputs = dataset.inputs.map((value, at) => scaled(value, bounds[at % bounds.length] as Bounds))
  return { ...dataset, inputs }
}

/** Clips and scales one value; NaN becomes 0, the middle of the bounds. */
function scaled(value: number, [low, high]: Bounds): number {
  if (Number.isNaN(value)) return 0
  return (2 * (Math.max(low, Math.min(high, value)) - low)) / (high - low) - 1
}

/**
 * Shifts and multiplies the columns of bounded records, in place.
 *
 * @param inputs        whole records, one after the other
 * @param normalisation C means and C factors; empty where there is none
 */
export function normalise(inputs: Float32Array, normalisation: Normalisation): void {
  const columns = normalisation.length / 2
  if (columns === 0) return
  for (let at = 0; at < inputs.length; at++) {
    const column = at % columns
    inputs[at] = (inputs[at]! - normalisation[column]!) * normalisation[columns + column]!
  }
}

/**
 * A hospital's sum for the statistics round: the columns' sums, their sums of squares, and the count, of units. An image
 * counts with the means over its pixels, and a patient with the means over its records.
 *
 * @returns 2C + 1 entries; a unit changes them by at most CLIP_MARGIN · √(2C + 1), which covers the rounding of sums
 */
export function statisticsOf(
  { contract }: Pick<StudyDocument, 'contract'>,
  { inputs, count }: Dataset,
  units: Units,
): Float64Array {
  const columns = columnsOf(contract)
  const sums = new Float64Array(statisticsDimension(columns))
  if (count === 0) return sums
  const size = inputs.length / count
  for (let unit = 0; unit < units.count; unit++) {
    const records = units.recordsOf(unit)
    const values = (records.length * size) / columns
    for (const record of records) {
      for (let at = 0; at < size; at++) {
        const value = inputs[record * size + at]!
        sums[at % columns]! += value / values
        sums[columns + (at % columns)]! += (value * value) / values
      }
    }
  }
  sums[2 * columns] = units.count
  return sums.map(sum => CLIP_MARGIN * sum)
}
