/**
 * The privacy loss of one step of the Poisson-subsampled Gaussian (rate q, multiplier z), exactly and on a grid.
 *
 * Two ways a record can differ, each with its own pair of distributions (sensitivity 1, noise N(0, z²)):
 *
 * - `remove`: P = (1−q)·N(0, z²) + q·N(1, z²), Q = N(0, z²): the record is there under P
 * - `add`:    P = N(0, z²), Q = (1−q)·N(0, z²) + q·N(1, z²)
 *
 * On the grid the loss ln(P/Q) is connected dot to dot (Doroshenko, Ghazi, Kamath, Kumar, Manurangsi, PoPETs 2022): the
 * mass between two grid points is shared out to them so that its P-mass and its Q-mass both stay. The hockey-stick curve
 * of the result meets the true one at every grid point and is never below it between: it dominates. What falls on a
 * cell's upper point is the integral of 1 − e^{lower − loss}; integrated as such it has no cancellation on however fine
 * a grid, which differences of the curve would have.
 *
 * @module
 */

import { requireReal } from '../check.ts'
import { logNormal } from './normal.ts'

export type Direction = 'remove' | 'add'
export const DIRECTIONS: readonly Direction[] = ['remove', 'add']

export interface Mechanism {
  /** q, a probability of (0, 1] */
  readonly sampleRate: number
  /** z > 0: standard deviation of the noise over the sensitivity */
  readonly noiseMultiplier: number
}

/** Losses at the points `(first + i)·step`, and what is lost for good. */
export interface LossDistribution {
  readonly step: number
  readonly first: number
  /** probability under P at each point; sums to at most 1 */
  readonly masses: Float64Array
  /** probability under P of a loss above the last point, which counts as infinite */
  readonly infinite: number
}

/** What of a loss is told apart. */
export interface LossRange {
  /** The smallest losses, together so probable, are taken for the largest of them; the largest count as infinite. */
  readonly tail: number
  /** Losses above this count as infinite. */
  readonly cap: number
}

/** No normal variable is further out than so many standard deviations with a probability above 1e-100. */
const REACH = 22
/** Halvings that find a point of the noise to within 1e-9 standard deviations. */
const HALVINGS = 40
/** Above such exponents e^u is put aside before it overflows. */
const EXPONENT_LARGE = 30
/** Masses are rounded up by this: more than quadrature and rounding can be off. */
const MASS_SLACK = 1e-10

/**
 * Gauss-Legendre on [−1, 1]: three nodes for a narrow piece, six for one of up to a third of the shorter of the two
 * lengths on which the integrand changes: z, the density's, and z², that of the densities' ratio.
 */
const NARROW = 1 / 20
const WIDE = 1 / 3
const RULE_NARROW: Rule = [
  [0, 8 / 9],
  [Math.sqrt(3 / 5), 5 / 9],
  [-Math.sqrt(3 / 5), 5 / 9],
]
const RULE_WIDE: Rule = [
  [0.2386191860831969, 0.467913934572691],
  [0.6612093864662645, 0.3607615730481386],
  [0.932469514203152, 0.1713244923791704],
].flatMap(
  ([node, weight]): Rule => [
    [node!, weight!],
    [-node!, weight!],
  ],
)

type Rule = readonly (readonly [node: number, weight: number])[]

/** @throws CryptoError `out-of-range` */
export function requireMechanism({ sampleRate, noiseMultiplier }: Mechanism): void {
  requireReal(sampleRate, { min: Number.MIN_VALUE, max: 1 }, 'sampleRate (a probability)')
  requireReal(noiseMultiplier, { min: 1e-3, max: 1e6 }, 'noiseMultiplier')
}

/**
 * The smallest δ for which one step is (ε, δ)-private in a direction: a closed form.
 *
 * @param epsilon at least 0
 */
export function deltaOfStep(
  { sampleRate: q, noiseMultiplier: z }: Mechanism,
  direction: Direction,
  epsilon: number,
): number {
  const ratio = direction === 'remove' ? epsilon : -epsilon
  // e^ε never reaches the ratio below ln(1−q): there is no point where the densities cross
  if (q < 1 && Math.expm1(ratio) <= -q) return direction === 'remove' ? -Math.expm1(epsilon) : 0
  const x = crossing({ sampleRate: q, noiseMultiplier: z }, ratio)
  if (direction === 'remove') {
    const [absent, present] = [logNormal(-x / z), logNormal((1 - x) / z)]
    return Math.max(0, (1 - q) * Math.exp(absent) + q * Math.exp(present) - Math.exp(epsilon + absent))
  }
  const [absent, present] = [logNormal(x / z), logNormal((x - 1) / z)]
  return Math.max(0, Math.exp(absent) - (1 - q) * Math.exp(epsilon + absent) - q * Math.exp(epsilon + present))
}

/** The noise value y where (1−q) + q·e^{(2y−1)/(2z²)} = e^ratio; −∞ where there is none. */
function crossing({ sampleRate: q, noiseMultiplier: z }: Mechanism, ratio: number): number {
  if (q === 1) return z * z * ratio + 0.5
  const above = ratio > EXPONENT_LARGE
  const exponent = above
    ? ratio + Math.log1p(-(1 - q) * Math.exp(-ratio)) - Math.log(q)
    : Math.log1p(Math.max(-1, Math.expm1(ratio) / q))
  return z * z * exponent + 0.5
}

/** ln of the density of the record's presence over that of its absence, at a noise value. */
function logRatio({ sampleRate: q, noiseMultiplier: z }: Mechanism, y: number): number {
  const exponent = (2 * y - 1) / (2 * z * z)
  if (q === 1) return exponent
  if (exponent > EXPONENT_LARGE) return exponent + Math.log(q) + Math.log1p(((1 - q) / q) * Math.exp(-exponent))
  return Math.log1p(q * Math.expm1(exponent))
}

/** ln of the probability under P of noise below a value, or above it. */
function logProbability(
  { sampleRate: q, noiseMultiplier: z }: Mechanism,
  direction: Direction,
  { y, side }: { y: number; side: 'below' | 'above' },
): number {
  const sign = side === 'below' ? 1 : -1
  const absent = logNormal((sign * y) / z)
  if (direction === 'add') return absent
  const present = logNormal((sign * (y - 1)) / z)
  const larger = Math.max(absent, present)
  return larger + Math.log((1 - q) * Math.exp(absent - larger) + q * Math.exp(present - larger))
}

/** A noise value that has at most so much probability beyond it on a side, and hardly less. */
function quantile(mechanism: Mechanism, direction: Direction, at: { side: 'below' | 'above'; tail: number }): number {
  const reach = REACH * mechanism.noiseMultiplier
  let [beyond, within] = at.side === 'below' ? [-reach, 1 + reach] : [1 + reach, -reach]
  for (let turn = 0; turn < HALVINGS; turn++) {
    const y = (beyond + within) / 2
    if (logProbability(mechanism, direction, { y, side: at.side }) <= Math.log(at.tail)) beyond = y
    else within = y
  }
  return beyond
}

/** The losses that are told apart, and the noise that gives them: the smallest and the largest of it. */
function lossRange(
  mechanism: Mechanism,
  direction: Direction,
  { tail, cap }: LossRange,
): { min: number; max: number; from: number; to: number } {
  let from = quantile(mechanism, direction, { side: 'below', tail })
  let to = quantile(mechanism, direction, { side: 'above', tail })
  if (direction === 'remove') to = Math.min(to, Math.max(from, crossing(mechanism, cap)))
  else from = Math.max(from, Math.min(to, crossing(mechanism, -cap)))
  const [low, high] = [logRatio(mechanism, from), logRatio(mechanism, to)]
  return direction === 'remove' ? { min: low, max: high, from, to } : { min: -high, max: -low, from, to }
}

/** How far the losses of one step reach from the smallest to the largest that is told apart, 0 among them. */
export function lossWidth(mechanism: Mechanism, direction: Direction, range: LossRange): number {
  const { min, max } = lossRange(mechanism, direction, range)
  return Math.max(0, max) - Math.min(0, min)
}

/**
 * The loss of one step on a grid, dominating the true one.
 *
 * @param step distance of the grid's points
 * @throws CryptoError `out-of-range`
 */
export function lossDistribution(
  mechanism: Mechanism,
  direction: Direction,
  { step, ...range }: LossRange & { step: number },
): LossDistribution {
  requireMechanism(mechanism)
  const { min, max, from, to } = lossRange(mechanism, direction, range)
  const [first, last] = [Math.floor(min / step), Math.floor(max / step) + 1]
  const masses = new Float64Array(last - first + 1)
  const beyond = { below: { y: from, side: 'below' }, above: { y: to, side: 'above' } } as const
  const [low, high] = direction === 'remove' ? [beyond.below, beyond.above] : [beyond.above, beyond.below]
  // to the first point that is not below any of them: upwards, on the safe side
  masses[1] = Math.exp(logProbability(mechanism, direction, low)) * (1 + MASS_SLACK)
  const share = -Math.expm1(-step)
  const sign = direction === 'remove' ? 1 : -1
  const clip = (y: number): number => Math.min(to, Math.max(from, y))
  let start = sign === 1 ? from : to
  for (let cell = 0; cell < masses.length - 1; cell++) {
    const lower = (first + cell) * step
    const end = cell === masses.length - 2 ? (sign === 1 ? to : from) : clip(crossing(mechanism, sign * (lower + step)))
    const { mass, above } = integrate(mechanism, direction, {
      from: Math.min(start, end),
      to: Math.max(start, end),
      lower,
    })
    const up = Math.min(mass, above / share)
    masses[cell]! += (mass - up) * (1 + MASS_SLACK)
    masses[cell + 1]! += up * (1 + MASS_SLACK)
    start = end
  }
  const infinite = Math.exp(logProbability(mechanism, direction, high)) * (1 + MASS_SLACK)
  return { step, first, masses, infinite }
}

/** P-mass of an interval of noise values, and the integral of 1 − e^{lower − loss} over it. */
function integrate(
  mechanism: Mechanism,
  direction: Direction,
  { from, to, lower }: { from: number; to: number; lower: number },
): { mass: number; above: number } {
  const { sampleRate: q, noiseMultiplier: z } = mechanism
  const width = to - from
  if (!(width > 0)) return { mass: 0, above: 0 }
  const length = Math.min(z, z * z)
  const narrow = width <= NARROW * length
  const rule = narrow ? RULE_NARROW : RULE_WIDE
  const pieces = narrow ? 1 : Math.ceil(width / (WIDE * length))
  const half = width / pieces / 2
  const unit = half / (z * Math.sqrt(2 * Math.PI))
  let [mass, above] = [0, 0]
  for (let piece = 0; piece < pieces; piece++) {
    const middle = from + (2 * piece + 1) * half
    for (const [node, weight] of rule) {
      const y = middle + half * node
      const absent = Math.exp((-y * y) / (2 * z * z))
      const ratio = logRatio(mechanism, y)
      const density =
        direction === 'remove' ? (1 - q) * absent + q * Math.exp((-(y - 1) * (y - 1)) / (2 * z * z)) : absent
      const loss = direction === 'remove' ? ratio : -ratio
      const part = weight * unit * density
      mass += part
      // rounding may put a node a hair below its cell
      above += part * Math.max(0, -Math.expm1(lower - loss))
    }
  }
  return { mass, above }
}
