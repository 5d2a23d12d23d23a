/** ROC curves of membership scores. @module */

import { rocAuc } from '../training/evaluation.ts'

/** One threshold: the shares of non-members and of members that score at least that high. */
export interface RocPoint {
  readonly falsePositives: number
  readonly truePositives: number
}

export interface Roc {
  readonly auc: number
  /** ascending, from (0, 0) to (1, 1) */
  readonly points: readonly RocPoint[]
}

/**
 * The ROC curve of scores; higher scores mean "member". Equal scores share one threshold.
 *
 * @param members whether each score is a member's; members and non-members must both occur
 */
export function rocOf(scores: ArrayLike<number>, members: ArrayLike<boolean>): Roc {
  const order = Array.from({ length: scores.length }, (_, at) => at).sort((a, b) => scores[b]! - scores[a]!)
  const positives = order.filter(at => members[at]).length
  const negatives = order.length - positives
  const points: RocPoint[] = [{ falsePositives: 0, truePositives: 0 }]
  let [hits, alarms] = [0, 0]
  order.forEach((at, rank) => {
    if (members[at]) hits++
    else alarms++
    const next = order[rank + 1]
    if (next !== undefined && scores[next] === scores[at]) return
    points.push({ falsePositives: alarms / negatives, truePositives: hits / positives })
  })
  const auc = rocAuc(
    scores,
    Array.from(members, isMember => (isMember ? 1 : 0)),
  )
  return { auc, points }
}

/** The highest true positive rate over thresholds whose false positive rate is at most `falsePositivesMax`. */
export function truePositivesAt({ points }: Roc, falsePositivesMax: number): number {
  const allowed = points.filter(({ falsePositives }) => falsePositives <= falsePositivesMax)
  return Math.max(...allowed.map(({ truePositives }) => truePositives))
}
