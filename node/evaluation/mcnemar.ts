/**
 * McNemar's test of two ways to decide on the same independent records: the exact binomial test where fewer than
 * EXACT_BELOW pairs differ, else chi-square with continuity correction.
 *
 * @module McNemar, Psychometrika 12, 1947; Edwards, Psychometrika 13, 1948.
 */

import { logErfc } from '../../crypto/accounting/erfc.ts'

export const EXACT_BELOW = 25

export interface McNemar {
  /** two-sided; 1 where no pair differs */
  readonly p: number
  readonly method: 'exact' | 'chi-square'
}

/**
 * @param onlyFirst  records on which the first alone is right
 * @param onlySecond records on which the second alone is right
 */
export function mcnemar(onlyFirst: number, onlySecond: number): McNemar {
  const differing = onlyFirst + onlySecond
  if (differing < EXACT_BELOW) {
    return { p: exact(Math.min(onlyFirst, onlySecond), differing), method: 'exact' }
  }
  const statistic = Math.max(0, Math.abs(onlyFirst - onlySecond) - 1) ** 2 / differing
  // a chi-square of one degree of freedom is a squared normal
  return { p: Math.exp(logErfc(Math.sqrt(statistic / 2))), method: 'chi-square' }
}

/** Twice the probability of at most `fewer` heads of `tosses`, at most 1. */
function exact(fewer: number, tosses: number): number {
  let [ways, sum] = [1, 0]
  for (let heads = 0; heads <= fewer; heads++) {
    sum += ways
    ways = (ways * (tosses - heads)) / (heads + 1)
  }
  return Math.min(1, (2 * sum) / 2 ** tosses)
}
