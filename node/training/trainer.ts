/** What a workbench asks of whatever trains on a hospital's records. @module */

import type { Checkpoint } from '../../protocols/model/checkpoint.ts'

/** What a training step starts from. */
export type ModelState = Pick<Checkpoint, 'parameters' | 'normalisation'>

export interface Trainer {
  /** of the model */
  readonly dimension: number
  readonly engine: string
  /**
   * Draws a fresh Poisson sample and adds up its per-example gradients, each clipped to 0.99·clippingNorm: not divided
   * by anything, and zeros when the sample is empty. Neither the sample nor its size may leave this process.
   *
   * @returns flat, float64
   */
  clippedSum(model: ModelState): Float64Array
  /**
   * The sums, square sums and count of all records, scaled by the study's bounds: see `normalisationOf`.
   *
   * @returns 2C + 1 entries
   */
  statisticsSum(): Float64Array
  /** a hash of each record of the data under a key of this node, sorted; of one that stands there twice, two */
  recordHashes(key: Uint8Array): Uint8Array
  dispose(): void
}
