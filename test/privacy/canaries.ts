/** Canaries: records that are in or out by a coin, and what can be told of them from an opened sum. @module */

import { RandomReader } from '../../crypto/rng.ts'
import type { Dataset } from '../../node/datasets/dataset.ts'
import { seededRng } from '../helpers/seeded-rng.ts'
import { vectors } from './opening.ts'

export function seededReader(seed: string): RandomReader {
  return new RandomReader(seededRng(seed), 1024)
}

/** Canaries, each alone on its coordinate, and who of them is in. */
export interface Canaries {
  readonly records: Dataset[]
  readonly included: boolean[]
  /** the sum's projection on each canary's gradient, from the opened sum */
  scores(sum: Int32Array): Float64Array
}

/** The weight of an input is so large beside the bias that a canary's gradient has one direction of its own. */
const CANARY_VALUE = 1000

/** As many canaries, dealt out to the hospitals. */
export function drawCanaries(count: number, hospitals: number, seed: string): Canaries {
  const reader = seededReader(seed)
  const included = Array.from({ length: count }, () => reader.uniformUint32() < 2 ** 31)
  const rows = Array.from({ length: hospitals }, (): [number, number][][] => [])
  included.forEach((isIn, canary) => {
    if (isIn) rows[canary % hospitals]!.push([[canary, CANARY_VALUE]])
  })
  return {
    records: rows.map(row => vectors(count, row)),
    included,
    // label 0 raises the first class's weight and lowers the second's
    scores: sum => Float64Array.from({ length: count }, (_, at) => (sum[2 * at + 1]! - sum[2 * at]!) / Math.SQRT2),
  }
}

/** The gap between the means of the two groups, in units of the deviation within them. */
export function gapOf(values: Float64Array, included: readonly boolean[]): number {
  const groups = [true, false].map(wanted => {
    const some = values.filter((_, at) => included[at] === wanted)
    const mean = some.reduce((total, value) => total + value, 0) / some.length
    return { mean, squares: some.reduce((total, value) => total + (value - mean) ** 2, 0) }
  })
  const [inside, outside] = groups as [(typeof groups)[0], (typeof groups)[0]]
  return (inside.mean - outside.mean) / Math.sqrt((inside.squares + outside.squares) / (values.length - 2))
}
