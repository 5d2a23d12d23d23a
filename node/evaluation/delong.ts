/**
 * Variances and covariances of areas under ROC curves of the same records, by structural components that are computed from
 * midranks in O(n log n).
 *
 * The interval is taken on the logit scale: it stays within 0 and 1, and near 1 it covers better than the plain one, which
 * is symmetric where the area's distribution is not.
 *
 * @module DeLong, DeLong, Clarke-Pearson, Biometrics 44, 1988; Sun, Xu, IEEE Signal Processing Letters 21, 2014; logit:
 * Pepe, The Statistical Evaluation of Medical Tests, 2003, section 5.2.
 */

import { normalQuantile } from '../../crypto/accounting/normal.ts'
import { NOT_DEFINED, type Range } from './interval.ts'

export interface AreaVariances {
  readonly areas: readonly number[]
  /** of `areas`, row by row */
  readonly covariance: readonly (readonly number[])[]
}

/**
 * @param scores of each model, on the same independent records; none is NaN
 * @param labels 1 where positive, 0 where not; at least two of each, or variances are NaN
 */
export function delong(scores: readonly ArrayLike<number>[], labels: ArrayLike<number>): AreaVariances {
  const positives = indicesOf(labels, 1)
  const negatives = indicesOf(labels, 0)
  const parts = scores.map(all => componentsOf(all, positives, negatives))
  const covariance = parts.map(a =>
    parts.map(
      b =>
        covarianceOf(a.ofPositives, b.ofPositives) / positives.length +
        covarianceOf(a.ofNegatives, b.ofNegatives) / negatives.length,
    ),
  )
  return { areas: parts.map(({ area }) => area), covariance }
}

/** An interval of an area on the logit scale; not defined where the area is 0 or 1, as the estimated variance is 0 there. */
export function areaInterval(area: number, variance: number, level = 0.95): Range {
  if (!(area > 0 && area < 1) || !Number.isFinite(variance)) return NOT_DEFINED
  const logit = Math.log(area / (1 - area))
  const half = (-normalQuantile((1 - level) / 2) * Math.sqrt(variance)) / (area * (1 - area))
  const back = (value: number): number => 1 / (1 + Math.exp(-value))
  return { low: back(logit - half), high: back(logit + half) }
}

interface Components {
  readonly area: number
  /** of each positive: the share of negatives that it scores above */
  readonly ofPositives: Float64Array
  /** of each negative: the share of positives that score above it */
  readonly ofNegatives: Float64Array
}

function componentsOf(scores: ArrayLike<number>, positives: Uint32Array, negatives: Uint32Array): Components {
  const valuesOf = (records: Uint32Array): Float64Array => Float64Array.from(records, record => scores[record]!)
  const [x, y] = [valuesOf(positives), valuesOf(negatives)]
  const [m, n] = [x.length, y.length]
  const all = new Float64Array([...x, ...y])
  const [ranks, own, others] = [midranks(all), midranks(x), midranks(y)]
  const ofPositives = own.map((rank, at) => (ranks[at]! - rank) / n)
  const ofNegatives = others.map((rank, at) => 1 - (ranks[m + at]! - rank) / m)
  return { area: ofPositives.reduce((sum, part) => sum + part, 0) / m, ofPositives, ofNegatives }
}

/** Ranks from 1; equal values share the mean of theirs. */
function midranks(values: Float64Array): Float64Array {
  const order = Uint32Array.from(values, (_, index) => index).sort((a, b) => values[a]! - values[b]!)
  const ranks = new Float64Array(values.length)
  for (let start = 0; start < order.length; ) {
    let end = start
    while (end < order.length && values[order[end]!] === values[order[start]!]) end++
    for (let at = start; at < end; at++) ranks[order[at]!] = (start + 1 + end) / 2
    start = end
  }
  return ranks
}

function covarianceOf(a: Float64Array, b: Float64Array): number {
  const mean = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / values.length
  const [meanA, meanB] = [mean(a), mean(b)]
  return a.reduce((sum, value, at) => sum + (value - meanA) * (b[at]! - meanB), 0) / (a.length - 1)
}

function indicesOf(labels: ArrayLike<number>, wanted: number): Uint32Array {
  return Uint32Array.from(Array.from(labels).flatMap((label, index) => (label === wanted ? [index] : [])))
}
