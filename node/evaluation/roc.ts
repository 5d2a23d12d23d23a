/**
 * ROC curves and the area under them. Scores are sorted once; a record may have a weight, so that a resample of the
 * bootstrap is a vector of weights over the same order.
 *
 * @module
 */

/** The order of scores, and where runs of equal scores end. */
export interface Ranking {
  /** indices by ascending score */
  readonly order: Uint32Array
  /** of each run of equal scores: the position in `order` behind its last */
  readonly ends: Uint32Array
}

/** Sorts scores. None of them may be NaN. */
export function rankingOf(scores: ArrayLike<number>): Ranking {
  const order = Uint32Array.from({ length: scores.length }, (_, index) => index)
  order.sort((a, b) => scores[a]! - scores[b]!)
  const ends: number[] = []
  for (let at = 1; at <= order.length; at++) {
    if (at === order.length || scores[order[at]!] !== scores[order[at - 1]!]) ends.push(at)
  }
  return { order, ends: Uint32Array.from(ends) }
}

/**
 * Area under the ROC curve of sorted scores.
 *
 * @param labels   1 where positive
 * @param weights  how often each record counts; absent: once
 * @returns        NaN when there is no positive or no negative
 */
export function rankedArea({ order, ends }: Ranking, labels: ArrayLike<number>, weights?: ArrayLike<number>): number {
  let [positives, negatives, pairs, start] = [0, 0, 0, 0]
  for (const end of ends) {
    let [tiedPositives, tiedNegatives] = [0, 0]
    for (; start < end; start++) {
      const record = order[start]!
      const weight = weights === undefined ? 1 : weights[record]!
      if (labels[record] === 1) tiedPositives += weight
      else tiedNegatives += weight
    }
    pairs += tiedPositives * (negatives + tiedNegatives / 2)
    positives += tiedPositives
    negatives += tiedNegatives
  }
  return pairs / (positives * negatives)
}

/**
 * Area under the ROC curve: the probability that a positive record scores above a negative one, ties counting half.
 *
 * @param labels  1 where positive, 0 where not
 * @returns       NaN when there is no positive or no negative, or a score is not a number
 */
export function rocAuc(scores: ArrayLike<number>, labels: ArrayLike<number>): number {
  for (let at = 0; at < scores.length; at++) if (Number.isNaN(scores[at])) return Number.NaN
  return rankedArea(rankingOf(scores), labels)
}

/** One threshold: the shares of negatives and of positives that score at least that high. */
export interface RocPoint {
  readonly falsePositives: number
  readonly truePositives: number
  /** infinity for the point (0, 0) */
  readonly threshold: number
}

export interface Roc {
  readonly auc: number
  /** ascending, from (0, 0) to (1, 1) */
  readonly points: readonly RocPoint[]
}

/**
 * The ROC curve of scores; higher scores mean "positive". Equal scores share one threshold.
 *
 * @param positive whether each score is of a positive record; positive and negative ones must both occur
 */
export function rocOf(scores: ArrayLike<number>, positive: ArrayLike<boolean>): Roc {
  const labels = Uint8Array.from(positive, is => (is ? 1 : 0))
  const ranking = rankingOf(scores)
  const positives = labels.reduce((sum, label) => sum + label, 0)
  const negatives = labels.length - positives
  const points: RocPoint[] = [{ falsePositives: 0, truePositives: 0, threshold: Number.POSITIVE_INFINITY }]
  let [hits, alarms] = [0, 0]
  for (let run = ranking.ends.length - 1; run >= 0; run--) {
    const start = run === 0 ? 0 : ranking.ends[run - 1]!
    for (let at = start; at < ranking.ends[run]!; at++) {
      if (labels[ranking.order[at]!] === 1) hits++
      else alarms++
    }
    const threshold = scores[ranking.order[start]!]!
    points.push({ falsePositives: alarms / negatives, truePositives: hits / positives, threshold })
  }
  return { auc: rankedArea(ranking, labels), points }
}
