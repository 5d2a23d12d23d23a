/** Estimates with their intervals. @module */

/** Of all intervals of a report. */
export const LEVEL = 0.95

export interface Range {
  readonly low: number
  readonly high: number
}

export const NOT_DEFINED: Range = { low: Number.NaN, high: Number.NaN }

/** How an interval was made; `none`: there is none. */
export type IntervalMethod = 'delong' | 'wilson' | 'bootstrap' | 'none'

export interface Estimate extends Range {
  /** NaN where it is not defined */
  readonly value: number
  readonly method: IntervalMethod
}
