/** What ROC curves of membership scores say where few are accused. @module */

import type { Roc } from '../evaluation/roc.ts'

/** The highest true positive rate over thresholds whose false positive rate is at most `falsePositivesMax`. */
export function truePositivesAt({ points }: Roc, falsePositivesMax: number): number {
  const allowed = points.filter(({ falsePositives }) => falsePositives <= falsePositivesMax)
  return Math.max(...allowed.map(({ truePositives }) => truePositives))
}
