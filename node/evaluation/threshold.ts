/** From which score on a record is said to be of a class: a stated rule. @module */

import type { RocPoint } from './roc.ts'

export type ThresholdRule =
  /** no threshold: the class of the largest score */
  | { readonly kind: 'largest' }
  /** the score itself, above 0 and below 1 */
  | { readonly kind: 'score'; readonly value: number }
  /** the largest sum of sensitivity and specificity on the records themselves */
  | { readonly kind: 'youden' }
  /** the highest threshold that reaches a sensitivity on the records themselves, above 0 and at most 1 */
  | { readonly kind: 'sensitivity'; readonly value: number }

/** What a rule may look like, for help texts and errors. */
export const RULE_FORMS = 'largest, youden, sensitivity=0.95, or a score such as 0.5'

/** @returns null where the text is no rule */
export function parseThresholdRule(text: string): ThresholdRule | null {
  if (text === 'largest' || text === 'youden') return { kind: text }
  const [, name, digits] = /^(?:(sensitivity)=)?(0?\.\d{1,12}|1(?:\.0{1,12})?)$/.exec(text) ?? []
  if (digits === undefined) return null
  const value = Number(digits)
  if (name !== undefined) return value > 0 ? { kind: 'sensitivity', value } : null
  return value > 0 && value < 1 ? { kind: 'score', value } : null
}

/** The rule as it was given. */
export function ruleText(rule: ThresholdRule): string {
  if (rule.kind === 'score') return String(rule.value)
  return rule.kind === 'sensitivity' ? `sensitivity=${rule.value}` : rule.kind
}

/** Whether the rule looks at the records that it is then used on. */
export function isChosenHere({ kind }: ThresholdRule): boolean {
  return kind === 'youden' || kind === 'sensitivity'
}

/**
 * The threshold that a rule gives: a record is said to be of the class when its score is at least that.
 *
 * @param points of the ROC curve; null where it is not defined
 * @returns      null for the rule `largest`; NaN where a rule needs a curve and there is none
 */
export function thresholdOf(rule: ThresholdRule, points: readonly RocPoint[] | null): number | null {
  if (rule.kind === 'largest') return null
  if (rule.kind === 'score') return rule.value
  if (points === null) return Number.NaN
  const reached =
    rule.kind === 'sensitivity'
      ? // a hair below: shares of whole numbers are rounded
        points.find(({ truePositives }) => truePositives >= rule.value - 1e-12)
      : points.slice(1).reduce((best, point) => (indexOf(point) > indexOf(best) + 1e-12 ? point : best))
  return reached!.threshold
}

/** Youden's index less 1. */
function indexOf({ truePositives, falsePositives }: RocPoint): number {
  return truePositives - falsePositives
}
