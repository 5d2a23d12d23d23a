/**
 * Normalisation by agreement: every column of the records gets mean 0 and deviation 1 by statistics that are one noised,
 * accounted secure sum over all hospitals, before the first training step. No hospital's own statistics are ever used,
 * neither alone nor in the clear: they would tell of its records.
 *
 * A column's values are first clipped to public bounds and scaled to −1 … 1, which fixes what one record can add. A record
 * adds u to each column's sum, u² to its square sum, and 1 to the count: at most √(2C + 1) in all.
 *
 * @module
 */

import { ProtocolError } from '../errors.ts'
import type { StudyData } from './data.ts'
import type { StudyDocument } from './types.ts'

/** A deviation is never taken for less: a constant column has none. */
export const DEVIATION_MIN = 0.1

/** The smallest and largest value of a column; what lies outside counts as the nearer of them. */
export type Bounds = readonly [low: number, high: number]

/** What the columns of scaled records are shifted and multiplied by: C means, then C factors. */
export type Normalisation = Float32Array

/** C: the entries of a vector, or the channels of an image. */
export function columnsOf({ shape }: StudyData): number {
  return shape.at(-1) as number
}

/** The bounds of each column, or null where records are taken as they are. Pixels lie in 0 … 1. */
export function boundsOf({ data, normalisation }: Pick<StudyDocument, 'data' | 'normalisation'>): Bounds[] | null {
  if (data.kind === 'vector') return data.bounds ?? null
  return normalisation === undefined ? null : Array.from({ length: columnsOf(data) }, () => [0, 1] as const)
}

/** Columns that a checkpoint keeps a normalisation of: 0 in a study without one. */
export function normalisedColumns({ data, normalisation }: Pick<StudyDocument, 'data' | 'normalisation'>): number {
  return normalisation === undefined ? 0 : columnsOf(data)
}

/** Words of the statistics: sums, square sums, count. */
export function statisticsDimension(columns: number): number {
  return 2 * columns + 1
}

/** What one record adds at most, in the Euclidean norm. */
export function statisticsNorm(columns: number): number {
  return Math.sqrt(statisticsDimension(columns))
}

/** Before any statistics, and where their round came to nothing: the public bounds alone. */
export function initialNormalisation(columns: number): Normalisation {
  return new Float32Array(2 * columns).fill(1, columns)
}

/** How the statistics of a study were added up: see `SumPlan`. */
export interface StatisticsTerms {
  /** C */
  readonly columns: number
  /** of the fixed point */
  readonly scale: number
  /** deviation of the noise in the opened sum with all hospitals there, in words; 0 without noise */
  readonly noise: number
}

/**
 * The normalisation that an opened sum gives; + − × ÷ and square root only, the same at every peer.
 *
 * A variance that the noise alone could have made says nothing: it is never taken for less than the noise of its own
 * estimate, so that few records stretch no column into noise.
 *
 * @param sum   2C + 1 words as opened, noise and all
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
