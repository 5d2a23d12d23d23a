/**
 * What the documents promise, worked out a second time and apart from the product: a battery that asked the product for
 * its own sensitivity, scale or noise would agree with it whatever they are.
 *
 * @module
 */

import type { StudyDocument } from '../../protocols/study/types.ts'

/** Records are clipped to this share of C. */
const CLIPPED_SHARE = 0.99
const SCALED_NORM_MAX = 2 ** 16
const SIGMA_MAX = 2 ** 20
/** Fewest contributors of a round, however few collude. */
const CONTRIBUTORS_MIN = 3

/** A sum as it is promised. All lengths are in integer units and Euclidean. */
export interface Promised {
  /** Δ_int = s·C + ⌈√d⌉ */
  readonly sensitivity: number
  /** s·0.99·C: the length of what a record with a large gradient adds */
  readonly recordLength: number
  /** deviation of the noise of an opened sum of so many contributors */
  sumDeviation(contributors: number): number
}

/**
 * The promise of a study's training sums, or of its statistics.
 *
 * @param dimension d, words of an update
 * @param noiseMultiplier z of the statistics; that of training unless given
 */
export function promised(
  { privacy }: StudyDocument,
  dimension: number,
  noiseMultiplier = privacy.noiseMultiplier,
): Promised {
  const { colluders, noise, localSteps = 1 } = privacy
  const honestAmong = (contributors: number) => (noise === 'local' ? 1 : contributors - colluders)
  const needed = (sensitivity: number, contributors: number) =>
    noise === 'off' ? 0 : Math.ceil(Math.sqrt(((noiseMultiplier * sensitivity) ** 2 + 4) / honestAmong(contributors)))
  const rounding = Math.ceil(Math.sqrt(dimension))
  let scaledNorm = SCALED_NORM_MAX
  while (needed(scaledNorm + rounding, Math.max(CONTRIBUTORS_MIN, colluders + 2)) > SIGMA_MAX) scaledNorm /= 2
  const sensitivity = scaledNorm + rounding
  const steps = noise === 'local' ? localSteps : 1
  return {
    sensitivity,
    recordLength: CLIPPED_SHARE * scaledNorm,
    sumDeviation: contributors => needed(sensitivity, contributors) * Math.sqrt(steps * contributors),
  }
}

/**
 * The clipped sum of records that have one entry each, at the origin of a logistic model of two classes, labels 0: in units
 * of what a clipped record adds, kernel rows first, then the bias.
 *
 * @param rows of each record: its entry's index and value; one that is not finite adds nothing
 */
export function clippedSum(inputs: number, rows: readonly (readonly [index: number, value: number])[]): Float64Array {
  const sum = new Float64Array(2 * inputs + 2)
  for (const [index, value] of rows) {
    if (!Number.isFinite(value)) continue
    // both classes have the probability ½; every gradient of the battery is longer than C, so that all are clipped
    const share = 1 / Math.sqrt(2 * (value * value + 1))
    for (const [row, entry] of [
      [index, value],
      [inputs, 1],
    ] as const) {
      sum[2 * row]! -= share * entry
      sum[2 * row + 1]! += share * entry
    }
  }
  return sum
}
