/**
 * Whether probabilities are what they say: the expected calibration error over bins of equal width, and the Brier score.
 *
 * @module Naeini, Cooper, Hauskrecht, AAAI 2015; Brier, Monthly Weather Review 78, 1950.
 */

export const BINS = 10

/** Records whose probability lies in one bin. The bins are [0, 1/BINS), …, the last one with 1. */
export interface ReliabilityBin {
  /** sum of weights */
  readonly count: number
  /** mean probability; NaN in an empty bin */
  readonly said: number
  /** share of the records for which it came true; NaN in an empty bin */
  readonly observed: number
}

/**
 * @param probabilities in [0, 1]
 * @param happened      1 where what they are about is true
 * @param weights       how often each record counts; absent: once
 * @returns             BINS bins
 */
export function reliability(
  probabilities: ArrayLike<number>,
  happened: ArrayLike<number>,
  weights?: ArrayLike<number>,
): ReliabilityBin[] {
  const [counts, said, observed] = [new Float64Array(BINS), new Float64Array(BINS), new Float64Array(BINS)]
  for (let record = 0; record < probabilities.length; record++) {
    const bin = Math.min(BINS - 1, Math.floor(probabilities[record]! * BINS))
    const weight = weights === undefined ? 1 : weights[record]!
    counts[bin]! += weight
    said[bin]! += weight * probabilities[record]!
    observed[bin]! += weight * happened[record]!
  }
  return Array.from(counts, (count, bin) => ({ count, said: said[bin]! / count, observed: observed[bin]! / count }))
}

/** Mean over records of the distance between what their bin says and what is observed in it. NaN without records. */
export function calibrationError(bins: readonly ReliabilityBin[]): number {
  const total = bins.reduce((sum, { count }) => sum + count, 0)
  const apart = bins.reduce((sum, { count, said, observed }) => {
    return count === 0 ? sum : sum + count * Math.abs(said - observed)
  }, 0)
  return apart / total
}

/** Squared distance of a probability of 1 for the true class, from the probabilities of one record. */
export interface BrierInput {
  /** count × classes, row-major */
  readonly scores: ArrayLike<number>
  readonly labels: ArrayLike<number>
  readonly classes: number
}

/**
 * The Brier score: of two classes the mean of (p − y)² for the second, of more the sum over the classes of that.
 *
 * @param weights how often each record counts; absent: once
 */
export function brierScore({ scores, labels, classes }: BrierInput, weights?: ArrayLike<number>): number {
  let [sum, total] = [0, 0]
  for (let record = 0; record < labels.length; record++) {
    const weight = weights === undefined ? 1 : weights[record]!
    total += weight
    for (let at = classes === 2 ? 1 : 0; at < classes; at++) {
      sum += weight * (scores[record * classes + at]! - (labels[record] === at ? 1 : 0)) ** 2
    }
  }
  return sum / total
}
