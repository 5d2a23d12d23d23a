/** What a study's normalisation of either kind is to every peer: its sum, and what a checkpoint keeps of it. @module */

import { featureMeanOf } from './feature-mean.ts'
import {
  columnsOf,
  initialNormalisation,
  type Normalisation,
  normalisationOf,
  statisticsDimension,
  statisticsNorm,
} from './normalisation.ts'
import { parameterSpecs } from './parameters.ts'
import type { StudyDocument } from './types.ts'

type Normalised = Pick<StudyDocument, 'contract' | 'model' | 'normalisation' | 'units'>

/** What one unit adds to the round of statistics. */
export interface StatisticsShape {
  /** words */
  readonly dimension: number
  /** its largest Euclidean norm */
  readonly norm: number
  /** the largest value of a coordinate when one hospital holds all units */
  readonly valueMax: number
}

/** Length of the features that the head of a linear model takes. */
function featuresOfHead({ model, contract }: Normalised): number {
  return parameterSpecs(model, contract).at(-2)!.shape[0]!
}

/** The sum of a study's statistics; null in studies without a normalisation. */
export function statisticsShape(document: Normalised): StatisticsShape | null {
  const { normalisation, contract, units } = document
  if (normalisation === undefined) return null
  if (normalisation.kind === 'mean') {
    const { norm } = normalisation
    return { dimension: featuresOfHead(document), norm, valueMax: norm * units }
  }
  const columns = columnsOf(contract)
  // each unit adds 1 to the count
  return { dimension: statisticsDimension(columns), norm: statisticsNorm(columns), valueMax: units }
}

/** Numbers that a checkpoint keeps of a normalisation: a mean and a factor for each column, or the mean of features. */
export function normalisationLength(document: Normalised): number {
  const { normalisation, contract } = document
  if (normalisation === undefined) return 0
  return normalisation.kind === 'mean' ? featuresOfHead(document) : 2 * columnsOf(contract)
}

/** A checkpoint's normalisation before the statistics, or without them when their round is VOID. */
export function normalisationAtStart(document: Normalised): Normalisation {
  const { normalisation, contract } = document
  if (normalisation?.kind === 'columns') return initialNormalisation(columnsOf(contract))
  return new Float32Array(normalisationLength(document))
}

/**
 * A checkpoint's normalisation from an opened sum of statistics.
 *
 * @param sum   words as opened, with the noise
 * @param terms scale of the fixed point; deviation of the noise in the sum of all hospitals, in integer units
 * @throws ProtocolError `length-mismatch`
 */
export function normalisationFrom(
  document: Normalised,
  sum: Int32Array,
  terms: { readonly scale: number; readonly noise: number },
): Normalisation {
  const { normalisation, contract, units } = document
  if (normalisation?.kind === 'mean') {
    return featureMeanOf(sum, { ...terms, features: featuresOfHead(document), units })
  }
  return normalisationOf(sum, { ...terms, columns: columnsOf(contract) })
}
