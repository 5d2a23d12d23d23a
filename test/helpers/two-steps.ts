/**
 * ε of two steps of the subsampled Gaussian by integration, using only the accountant's closed form of one step: δ of
 * both at ε is the mean, over the outcomes of the first step, of the second's δ at the remaining ε.
 *
 * @module
 */

import { DIRECTIONS, type Direction, deltaOfStep } from '../../crypto/accounting/gaussian-loss.ts'
import type { Mechanism } from '../../crypto/accounting/mixture.ts'

/** Gauss-Legendre quadrature on [−1, 1]; its nodes by Newton's method on the Legendre polynomial. */
function legendreRule(count: number): [node: number, weight: number][] {
  return Array.from({ length: count }, (_, at) => {
    let x = Math.cos((Math.PI * (at + 0.75)) / (count + 0.5))
    let slope = 0
    for (let turn = 0; turn < 50; turn++) {
      let [before, value] = [1, x]
      for (let n = 2; n <= count; n++) [before, value] = [value, ((2 * n - 1) * x * value - (n - 1) * before) / n]
      slope = (count * (x * value - before)) / (x * x - 1)
      x -= value / slope
    }
    return [x, 2 / ((1 - x * x) * slope * slope)]
  })
}

const RULE = legendreRule(10)
/** Standard deviations of the integration range; outcomes beyond add less than 1e-18 to δ. */
const REACH = 9
/** Number of halvings of the panels towards the kink of the second step's curve. */
const HALVINGS = 24

/** δ of one step, also for ε below 0, where the roles of the two distributions are exchanged. */
function deltaAt(mechanism: Mechanism, direction: Direction, epsilon: number): number {
  if (epsilon >= 0) return deltaOfStep(mechanism, direction, epsilon)
  const turned = direction === 'remove' ? 'add' : 'remove'
  return Math.exp(epsilon) * deltaOfStep(mechanism, turned, -epsilon) - Math.expm1(epsilon)
}

/** ln of the density with the record over that without it, at an outcome. */
const logRatio = ({ sampleRate: q, noiseMultiplier: z }: Mechanism, y: number): number => {
  const exponent = (2 * y - 1) / (2 * z * z)
  // without sampling the ratio is the exponential itself, however small
  const large = q === 1 || exponent > 30
  return large
    ? exponent + (q === 1 ? 0 : Math.log(q + (1 - q) * Math.exp(-exponent)))
    : Math.log1p(q * Math.expm1(exponent))
}

/** The inverse of `logRatio`: the outcome with a given ratio. */
const outcomeAt = ({ sampleRate: q, noiseMultiplier: z }: Mechanism, ratio: number): number => {
  const exponent = q === 1 ? ratio : ratio > 30 ? ratio - Math.log(q) : Math.log1p(Math.expm1(ratio) / q)
  return z * z * exponent + 0.5
}

/** Ends of the panels: no wider than the scale of the integrand, and ever narrower around its kinks. */
function panelEnds(first: Mechanism, second: Mechanism, sign: number, epsilon: number): number[] {
  const { noiseMultiplier: z } = first
  const [from, to] = [-REACH * z, (sign === 1 ? 1 : 0) + REACH * z]
  const count = Math.ceil((to - from) / Math.min(z, z * z))
  const ends = Array.from({ length: count + 1 }, (_, at) => from + ((to - from) * at) / count)
  const flat = second.sampleRate === 1 ? 0 : Math.log1p(-second.sampleRate)
  for (const bend of [0, flat, -flat]) {
    const y = outcomeAt(first, sign * (epsilon - bend))
    if (!Number.isFinite(y)) continue
    ends.push(y)
    for (let turn = 1; turn < HALVINGS; turn++) ends.push(y - z * 2 ** -turn, y + z * 2 ** -turn)
  }
  return ends.filter(end => end >= from && end <= to).sort((a, b) => a - b)
}

/** The smallest δ for which both steps together are (ε, δ)-private in one direction. */
export function deltaOfTwoSteps(
  [first, second]: readonly [Mechanism, Mechanism],
  direction: Direction,
  epsilon: number,
): number {
  const { sampleRate: q, noiseMultiplier: z } = first
  const sign = direction === 'remove' ? 1 : -1
  const normal = (x: number) => Math.exp((-x * x) / (2 * z * z)) / (z * Math.sqrt(2 * Math.PI))
  const ends = panelEnds(first, second, sign, epsilon)
  let sum = 0
  for (let at = 1; at < ends.length; at++) {
    const half = (ends[at]! - ends[at - 1]!) / 2
    for (const [node, weight] of RULE) {
      const y = ends[at - 1]! + half * (1 + node)
      const density = sign === 1 ? (1 - q) * normal(y) + q * normal(y - 1) : normal(y)
      sum += weight * half * density * deltaAt(second, direction, epsilon - sign * logRatio(first, y))
    }
  }
  return sum
}

/** ε of both steps at δ, the larger of both directions, by bisection. */
export function epsilonOfTwoSteps(both: readonly [Mechanism, Mechanism], delta: number): number {
  const exceeds = (epsilon: number) => DIRECTIONS.some(way => deltaOfTwoSteps(both, way, epsilon) > delta)
  if (!exceeds(0)) return 0
  let [low, high] = [0, 1]
  while (exceeds(high)) high *= 2
  while (high - low > 1e-8 * high) {
    const middle = (low + high) / 2
    if (exceeds(middle)) low = middle
    else high = middle
  }
  return high
}
