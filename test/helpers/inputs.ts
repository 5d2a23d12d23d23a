/** The values of a data set as a whole, for tests. @module */

import { type Dataset, selectRecords } from '../../node/datasets/dataset.ts'

/** A data set whose values are in memory. */
export type WholeDataset = Dataset & { inputs: Float32Array }

/** count × product(shape), row-major. */
export function inputsOf(dataset: Dataset): Float32Array {
  return selectRecords(
    dataset,
    Uint32Array.from({ length: dataset.count }, (_, at) => at),
  ).inputs
}

/** The same data set with its values in memory, to be compared. */
export function wholeOf(dataset: Dataset): WholeDataset {
  return { ...dataset, inputs: inputsOf(dataset) }
}
