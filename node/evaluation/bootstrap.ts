/**
 * The bootstrap over units: whole patients are drawn, so that the records of one count as what they are, one patient's.
 * Intervals are the percentiles of the resampled figures. Paired: all figures of one resample are of the same draw.
 *
 * @module Efron, Annals of Statistics 7, 1979; clusters: Davison, Hinkley, Bootstrap Methods, 1997, section 3.8.
 */

import { RandomReader, type Rng } from '../../crypto/rng.ts'
import { NOT_DEFINED, type Range } from './interval.ts'

export const RESAMPLES = 2000
/** An interval needs the figure in at least this share of the resamples. */
const DEFINED_SHARE_MIN = 0.9

export interface BootstrapInput {
  /** indices of the records of each unit */
  readonly units: readonly ArrayLike<number>[]
  /** number of records */
  readonly count: number
  /** figures of the records, each counted as often as its weight says; NaN where one is not defined */
  readonly figures: (weights: Float64Array) => ArrayLike<number>
  readonly rng: Rng
  readonly resamples?: number
  readonly level?: number
  readonly progress?: (done: number, of: number) => void
}

/** An interval for each figure; not defined where too few resamples define the figure. */
export function bootstrapIntervals(input: BootstrapInput): Range[] {
  const { units, count, figures, rng, resamples = RESAMPLES, level = 0.95, progress } = input
  if (units.length === 0) return Array.from(figures(new Float64Array(count)), () => NOT_DEFINED)
  const reader = new RandomReader(rng)
  const weights = new Float64Array(count)
  let drawn: Float64Array[] = []
  for (let resample = 0; resample < resamples; resample++) {
    weights.fill(0)
    for (let draw = 0; draw < units.length; draw++) {
      const unit = units[reader.uniformBelow(units.length)]!
      for (let at = 0; at < unit.length; at++) weights[unit[at]!]! += 1
    }
    const found = figures(weights)
    if (resample === 0) drawn = Array.from(found, () => new Float64Array(resamples))
    for (let figure = 0; figure < found.length; figure++) drawn[figure]![resample] = found[figure]!
    progress?.(resample + 1, resamples)
  }
  return drawn.map(values => percentiles(values, level))
}

/** The interval of resampled figures; not defined where too few of them are. */
export function percentiles(values: Float64Array, level: number): Range {
  const defined = values.filter(value => !Number.isNaN(value)).sort()
  if (defined.length < DEFINED_SHARE_MIN * values.length) return NOT_DEFINED
  const tail = (1 - level) / 2
  return { low: quantile(defined, tail), high: quantile(defined, 1 - tail) }
}

/** Linear between the order statistics, as R's type 7. */
function quantile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1)
  const below = Math.floor(place)
  const above = Math.min(below + 1, sorted.length - 1)
  return sorted[below]! + (place - below) * (sorted[above]! - sorted[below]!)
}
