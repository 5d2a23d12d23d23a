/**
 * Normalisation of the records' columns: every column gets mean 0 and standard deviation 1, by statistics from one noised,
 * accounted secure sum over all hospitals before the first training step. No hospital's own statistics are ever used,
 * alone or in the clear: they would reveal information about its records.
 *
 * A column's values are first clipped to public bounds and scaled to −1 … 1, which bounds the contribution of one
 * record: u to each column's sum, u² to its square sum, and 1 to the count, with a Euclidean norm of at most √(2C + 1).
 *
 * @module
 */

import { ProtocolError } from '../errors.ts'
import type { Bounds } from './contracts/fields.ts'
import { contractKindOf, type DataContract } from './contracts/list.ts'
import type { StudyDocument } from './types.ts'

/** Smallest standard deviation that a column is divided by: a constant column's own is 0. */
export const DEVIATION_MIN = 0.1

/** Shift and scale of the columns of scaled records: C means, then C factors. Of frozen features: their mean. */
export type Normalisation = Float32Array

/** C: the entries of a vector, or the channels of an image. */
export function columnsOf({ shape }: DataContract): number {
  return shape.at(-1) as number
}

/** The bounds of each column, or null where records are not scaled. Pixels lie in 0 … 1. */
export function boundsOf({
  contract,
  normalisation,
}: Pick<StudyDocument, 'contract' | 'normalisation'>): Bounds[] | null {
  // pixels are left as they are unless their columns are normalised
  const isLeft = contract.kind === 'image' && normalisation?.kind !== 'columns'
  return isLeft ? null : contractKindOf(contract).bounds(contract)
}

/** Words of the statistics: sums, square sums, count. */
export function statisticsDimension(columns: number): number {
  return 2 * columns + 1
}

/** Largest Euclidean norm of one record's contribution. */
export function statisticsNorm(columns: number): number {
  return Math.sqrt(statisticsDimension(columns))
}

/** The normalisation before the statistics, or without them when their round is VOID: the public bounds alone. */
export function initialNormalisation(columns: number): Normalisation {
  return new Float32Array(2 * columns).fill(1, columns)
}

/** Parameters of a study's sum of statistics: see `SumPlan`. */
export interface StatisticsTerms {
  /** C */
  readonly columns: number
  /** integer units per unit, of the fixed point */
  readonly scale: number
  /** standard deviation of the noise in the opened sum of all hospitals, in integer units; 0 without noise */
  readonly noise: number
}

/**
 * The normalisation from an opened sum. It uses + − × ÷ and square root only, so it is the same at every peer.
 *
 * A variance below the noise of its own estimate carries no information, so the estimate's noise is the lower bound:
 * with few records, no column is stretched into noise.
 *
 * @param sum   2C + 1 words as opened, with the noise
 * @throws ProtocolError `length-mismatch`
 */
export function normalisationOf(sum: Int32Array, { columns, scale, noise }: StatisticsTerms): Normalisation {
  if (sum.length !== statisticsDimension(columns)) {
    throw new ProtocolError(
      'length-mismatch',
      `The sum has ${sum.length} words, not the statistics of ${columns} columns`,
    )
  }
  const count = Math.max(1, sum[2 * columns]! / scale)
  const least = Math.max(DEVIATION_MIN, Math.sqrt(Math.min(1, noise / scale / count)))
  const normalisation = new Float32Array(2 * columns)
  for (let column = 0; column < columns; column++) {
    const mean = Math.max(-1, Math.min(1, sum[column]! / scale / count))
    const variance = sum[columns + column]! / scale / count - mean * mean
    normalisation[column] = mean
    normalisation[columns + column] = 1 / Math.max(least, Math.sqrt(Math.max(0, variance)))
  }
  return normalisation
}
