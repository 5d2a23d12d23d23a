/** Figures of an evaluation in words. @module */

import type { Estimate } from '../interval.ts'

const MINUS = '\u2212'

/** A share with three digits; a reason in place of a figure that is not defined. */
export function figureWords(value: number, digits = 3): string {
  if (Number.isNaN(value)) return 'not defined'
  return value
    .toFixed(digits)
    .replace(/^-(?=0\.?0*$)/, '')
    .replace('-', MINUS)
}

/** An interval in brackets; empty where there is none. */
export function intervalWords({ low, high }: Pick<Estimate, 'low' | 'high'>, digits = 3): string {
  return Number.isNaN(low) ? 'no interval' : `${figureWords(low, digits)} to ${figureWords(high, digits)}`
}

/** A figure with its interval. */
export function estimateWords(estimate: Estimate, digits = 3): string {
  if (Number.isNaN(estimate.value)) return 'not defined'
  return `${figureWords(estimate.value, digits)} (${intervalWords(estimate, digits)})`
}

/** A probability of chance. */
export function chanceWords(p: number): string {
  return p < 0.001 ? 'p < 0.001' : `p = ${p.toFixed(3)}`
}

/** A threshold; null: the largest score. */
export function thresholdWords(threshold: number | null): string {
  if (threshold === null) return 'the largest score'
  return Number.isNaN(threshold)
    ? 'none: the rule needs records of this class and of others'
    : String(Number(threshold.toPrecision(4)))
}

/** A number of things. */
export function countWords(count: number, one: string): string {
  return `${count} ${count === 1 ? one : `${one}s`}`
}

const INDICES_SHOWN = 20

/** Indices of records, a few of them. */
export function indicesWords(indices: readonly number[]): string {
  const shown = indices.slice(0, INDICES_SHOWN).join(', ')
  return indices.length > INDICES_SHOWN ? `${shown} and ${indices.length - INDICES_SHOWN} more` : shown
}
