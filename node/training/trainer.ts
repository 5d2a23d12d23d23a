/** The trainer on a hospital's records, as the worker calls it. @module */

import type { Checkpoint } from '../../protocols/model/checkpoint.ts'
import type { DatasetCounts } from '../datasets/dataset.ts'

/** What a training step starts from. */
export type ModelState = Pick<Checkpoint, 'parameters' | 'normalisation'>

export interface Trainer {
  /** of the model */
  readonly dimension: number
  readonly engine: string
  /**
   * Draws a fresh Poisson sample and sums its per-example gradients, each clipped to 0.99·clippingNorm. The sum is not
   * divided, and is zero for an empty sample. Neither the sample nor its size may leave this process.
   *
   * @returns flat, float64
   */
  clippedSum(model: ModelState): Float64Array
  /** Computes as `clippedSum` does, for so many units instead of a sample: those with the most records. */
  sumOfLargest(model: ModelState, units: number): void
  /** units of privacy that are here and are not held back */
  readonly units: number
  /**
   * What all units add to the statistics, by the kind of the study's normalisation: see `normalisationFrom`.
   *
   * @returns as many entries as `statisticsShape` says
   */
  statisticsSum(): Float64Array
  /**
   * What all units that are held back add to an evaluation of a model, see `evaluationLayout`. Nothing of it may leave
   * this process without noise.
   *
   * @returns float64, as many entries as the layout says
   */
  evaluationSum(model: ModelState): Float64Array
  /**
   * What all units add to a table, see `tableLayout`. Nothing of it may leave this process without noise.
   *
   * @returns float64, as many entries as the layout says
   */
  tableSum(): Float64Array
  /** records that occur earlier in the data already, of the same patient where that is the unit */
  readonly repeatedRecords: number
  /** what was read, repeats among it */
  readonly recordCounts: DatasetCounts
  dispose(): void
}
