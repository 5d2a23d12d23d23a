/**
 * Privacy loss of one step of the Poisson-subsampled Gaussian (rate q, multiplier z): in closed form, and discretised.
 *
 * Neighbouring data sets differ by one record, in two directions, each with its own pair of distributions for
 * sensitivity 1 and noise N(0, z²):
 *
 * - `remove`: P = (1−q)·N(0, z²) + q·N(1, z²), Q = N(0, z²): the record is present under P
 * - `add`:    P = N(0, z²), Q = (1−q)·N(0, z²) + q·N(1, z²): the record is present under Q
 *
 * The discretisation of the loss ln(P/Q) is "connect the dots" (Doroshenko, Ghazi, Kamath, Kumar, Manurangsi, PoPETs
 * 2022): the mass between two grid points is divided between them so that its P-mass and its Q-mass are both kept. The
 * hockey-stick curve of the result equals the true one at every grid point and is never below it in between, so the
 * discretised loss dominates the true one. The mass on a cell's upper point is the integral of 1 − e^{lower − loss}
 * over 1 − e^{−step}; quadrature of that integral has no cancellation on a fine grid, unlike differences of the curve.
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

/** A discretised loss: masses at the points `(first + i)·step`, and at infinity. */
export interface LossDistribution {
  readonly step: number
  readonly first: number
  /** probability under P at each point; sums to at most 1 */
  readonly masses: Float64Array
  /** probability under P of a loss above the last point, which counts as infinite */
  readonly infinite: number
}

/** Truncation of a loss. */
export interface LossRange {
  /** Probability of each truncated tail. The lower tail is rounded up to its end, the upper one counts as infinite. */
  readonly tail: number
  /** Losses above this count as infinite. */
  readonly cap: number
}

/** A normal variable is more than this many standard deviations out with a probability below 1e-100. */
const REACH = 22
/** Bisection steps that find a quantile of the noise to within 1e-9 standard deviations. */
const HALVINGS = 40
/** Above this exponent u, e^u is factored out before it overflows. */
const EXPONENT_LARGE = 30
/** Relative amount by which masses are rounded up: more than the errors of quadrature and rounding. */
const MASS_SLACK = 1e-10

/**
 * Largest width of an interval that is integrated with three nodes, over the shorter of the two lengths on which the
 * integrand changes: z for the density, z² for the ratio of the densities.
 */
const NARROW = 1 / 20
/** Largest width of a piece that is integrated with six nodes, in the same unit. */
const WIDE = 1 / 3
/** Gauss-Legendre on [−1, 1]: three nodes. */
const RULE_NARROW: Rule = [
  [0, 8 / 9],
  [Math.sqrt(3 / 5), 5 / 9],
  [-Math.sqrt(3 / 5), 5 / 9],
]
/** Gauss-Legendre on [−1, 1]: six nodes. */
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
 * The smallest δ for which one step is (ε, δ)-private in a direction, in closed form.
 *
 * @param epsilon at least 0
 */
export function deltaOfStep(
  { sampleRate: q, noiseMultiplier: z }: Mechanism,
  direction: Direction,
  epsilon: number,
): number {
  const ratio = direction === 'remove' ? epsilon : -epsilon
  // the ratio of the densities is above 1−q everywhere, so that e^ratio is not reached
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

/** ln of the density with the record over the density without it, at a noise value. */
function logRatio({ sampleRate: q, noiseMultiplier: z }: Mechanism, y: number): number {
  const exponent = (2 * y - 1) / (2 * z * z)
  if (q === 1) return exponent
  if (exponent > EXPONENT_LARGE) return exponent + Math.log(q) + Math.log1p(((1 - q) / q) * Math.exp(-exponent))
  return Math.log1p(q * Math.expm1(exponent))
}

/** ln of the probability under P of noise below, or above, a value. */
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

/** A noise value with a probability of at most `tail`, and hardly less, beyond it on one side. */
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

/** The smallest and the largest loss that are not truncated, and the interval of the noise that gives them. */
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

/** Width of the range of one step's losses after truncation; the range includes 0. */
export function lossWidth(mechanism: Mechanism, direction: Direction, range: LossRange): number {
  const { min, max } = lossRange(mechanism, direction, range)
  return Math.max(0, max) - Math.min(0, min)
}

/**
 * The discretised loss of one step, which dominates the true one.
 *
 * @param step distance of the grid's points, a difference of losses
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
  // the lower tail goes to the first point above all its losses: rounded up, on the safe side
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
