/**
 * The score interval of a proportion of independent records, without continuity correction.
 *
 * @module Wilson, JASA 22, 1927.
 */

import { normalQuantile } from '../../crypto/accounting/normal.ts'
import { NOT_DEFINED, type Range } from './interval.ts'

/** @param count whole, of `total`; not defined where there are none */
export function wilsonInterval(count: number, total: number, level = 0.95): Range {
  if (total === 0) return NOT_DEFINED
  const z = -normalQuantile((1 - level) / 2)
  const share = count / total
  const middle = share + z ** 2 / (2 * total)
  const half = z * Math.sqrt((share * (1 - share)) / total + z ** 2 / (4 * total ** 2))
  const scale = 1 + z ** 2 / total
  return {
    // rounding must not leave a bound beside 0 or 1 that is exactly there
    low: count === 0 ? 0 : (middle - half) / scale,
    high: count === total ? 1 : (middle + half) / scale,
  }
}
