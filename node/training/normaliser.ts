/**
 * Preprocesses records for the model: clips them to the study's public bounds and scales them to −1 … 1, then applies
 * the normalisation that all hospitals agreed on, whose sums it takes.
 *
 * @module
 */

import type { Bounds } from '../../protocols/study/contracts/fields.ts'
import { boundsOf, columnsOf, type Normalisation, statisticsDimension } from '../../protocols/study/normalisation.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import { type Dataset, type RecordSource, selectRecords, valuesOf } from '../datasets/dataset.ts'
import type { Units } from '../datasets/units.ts'
import { CLIP_MARGIN } from './per-example-clipping.ts'

/** A dataset's records, clipped and scaled by the study's bounds as they are read; unchanged where the study has none. */
export function boundedRecords(document: Pick<StudyDocument, 'contract' | 'normalisation'>, dataset: Dataset): Dataset {
  const bounds = boundsOf(document)
  if (bounds === null) return dataset
  const read = valuesOf(dataset)
  const inputs = (record: number, into: Float32Array): void => {
    read(record, into)
    for (let at = 0; at < into.length; at++) into[at] = scaled(into[at]!, bounds[at % bounds.length] as Bounds)
  }
  return { ...dataset, inputs }
}

/** Clips and scales one value; NaN becomes 0, the middle of the bounds. */
function scaled(value: number, [low, high]: Bounds): number {
  if (Number.isNaN(value)) return 0
  return (2 * (Math.max(low, Math.min(high, value)) - low)) / (high - low) - 1
}

/**
 * Applies a study's normalisation to inputs of its model's trained part, in place: shifts and multiplies the columns of
 * bounded records, or centres features and scales them back to their norm.
 *
 * @param inputs whole records, one after the other
 * @param values of a checkpoint; empty where there are none
 */
export function normalise(
  inputs: Float32Array,
  { normalisation }: Pick<StudyDocument, 'normalisation'>,
  values: Normalisation,
): void {
  if (values.length === 0) return
  if (normalisation?.kind === 'mean') centre(inputs, values, normalisation.norm)
  else normaliseColumns(inputs, values)
}

/** Features that equal the mean stay 0. */
function centre(inputs: Float32Array, mean: Float32Array, norm: number): void {
  for (let start = 0; start < inputs.length; start += mean.length) {
    const features = inputs.subarray(start, start + mean.length)
    let square = 0
    for (let at = 0; at < mean.length; at++) {
      features[at]! -= mean[at]!
      square += features[at]! * features[at]!
    }
    const factor = square > 0 ? norm / Math.sqrt(square) : 0
    for (let at = 0; at < mean.length; at++) features[at]! *= factor
  }
}

function normaliseColumns(inputs: Float32Array, normalisation: Normalisation): void {
  const columns = normalisation.length / 2
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
  dataset: Dataset,
  units: Units,
): Float64Array {
  const columns = columnsOf(contract)
  const sums = new Float64Array(statisticsDimension(columns))
  for (let unit = 0; unit < units.count; unit++) {
    const records = units.recordsOf(unit)
    const { inputs } = selectRecords(dataset, records)
    const values = inputs.length / columns
    for (let at = 0; at < inputs.length; at++) {
      const value = inputs[at]!
      sums[at % columns]! += value / values
      sums[columns + (at % columns)]! += (value * value) / values
    }
  }
  sums[2 * columns] = units.count
  return sums.map(sum => CLIP_MARGIN * sum)
}

/**
 * A hospital's sum for the round of statistics where the features' mean is taken: for each unit the mean of its records'
 * features, clipped to CLIP_MARGIN times their norm, which covers the rounding of sums. A unit with a feature that is no
 * number adds nothing.
 *
 * @param features of all records, before any normalisation
 * @param norm     R, public
 * @returns        as many entries as a record has features
 */
export function featureSumOf(features: RecordSource, units: Units, norm: number): Float64Array {
  const [length] = features.shape as [number]
  const sum = new Float64Array(length)
  for (let unit = 0; unit < units.count; unit++) {
    const records = units.recordsOf(unit)
    const { inputs } = features.select(records)
    const mean = new Float64Array(length)
    for (let at = 0; at < inputs.length; at++) mean[at % length]! += inputs[at]! / records.length
    const own = Math.sqrt(mean.reduce((total, value) => total + value * value, 0))
    if (!Number.isFinite(own)) continue
    const factor = CLIP_MARGIN * Math.min(1, norm / own)
    if (own > 0) for (let at = 0; at < length; at++) sum[at]! += factor * mean[at]!
  }
  return sum
}
