/**
 * Privacy loss of one step of the Poisson-subsampled Gaussian (rate q, multiplier z, k copies): exact, and discretised.
 *
 * Neighbouring data sets differ by the k copies of one record (k = 1: by one record), in two directions, each with its
 * own pair of distributions for sensitivity 1 and noise N(0, z²); see mixture.ts:
 *
 * - `remove`: P = Σ_i Binom(k, q)(i)·N(i, z²), Q = N(0, z²): the copies are present under P
 * - `add`:    P = N(0, z²), Q = Σ_i Binom(k, q)(i)·N(i, z²): the copies are present under Q
 *
 * The discretisation of the loss ln(P/Q) is "connect the dots" (Doroshenko, Ghazi, Kamath, Kumar, Manurangsi, PoPETs
 * 2022): the mass between two grid points is divided between them so that its P-mass and its Q-mass are both kept. The
 * hockey-stick curve of the result equals the true one at every grid point and is never below it in between, so the
 * discretised loss dominates the true one. The mass on a cell's upper point is the integral of 1 − e^{lower − loss}
 * over 1 − e^{−step}; quadrature of that integral has no cancellation on a fine grid, unlike differences of the curve.
 *
 * @module
 */

import {
  beyond,
  crossing,
  likeliest,
  logPresentBeyond,
  logRatio,
  type Mechanism,
  type Mixture,
  mixtureOf,
  spread,
} from './mixture.ts'

export type Direction = 'remove' | 'add'
export const DIRECTIONS: readonly Direction[] = ['remove', 'add']

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
/** Relative amount by which masses are rounded up: more than the errors of quadrature and rounding. */
const MASS_SLACK = 1e-10

/** Largest width of an interval that is integrated with three nodes, in the unit of `roughness`. */
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

/**
 * The smallest δ for which one step is (ε, δ)-private in a direction, exactly.
 *
 * @param epsilon at least 0
 * @throws CryptoError `out-of-range`
 */
export function deltaOfStep(mechanism: Mechanism, direction: Direction, epsilon: number): number {
  const mixture = mixtureOf(mechanism)
  const y = crossing(mixture, direction === 'remove' ? epsilon : -epsilon)
  // the ratio of the densities is above e^−ε everywhere
  if (y === Number.NEGATIVE_INFINITY) return 0
  const sign = direction === 'remove' ? -1 : 1
  const none = beyond(mixture, sign * y)
  const some = logPresentBeyond(mixture, { y, side: direction === 'remove' ? 'above' : 'below' })
  if (direction === 'remove') {
    return Math.max(0, mixture.absent * Math.exp(none) + mixture.present * Math.exp(some) - Math.exp(epsilon + none))
  }
  const [absent, present] = [mixture.absent * Math.exp(epsilon + none), mixture.present * Math.exp(epsilon + some)]
  return Math.max(0, Math.exp(none) - absent - present)
}

/** ln of the probability under P of noise below, or above, a value. */
function logProbability(mixture: Mixture, direction: Direction, at: { y: number; side: 'below' | 'above' }): number {
  const none = beyond(mixture, at.side === 'below' ? at.y : -at.y)
  if (direction === 'add') return none
  const some = logPresentBeyond(mixture, at)
  const larger = Math.max(none, some)
  return larger + Math.log(mixture.absent * Math.exp(none - larger) + mixture.present * Math.exp(some - larger))
}

/** A noise value with a probability of at most `tail`, and hardly less, beyond it on one side. */
function quantile(mixture: Mixture, direction: Direction, at: { side: 'below' | 'above'; tail: number }): number {
  const [least, most] = [-REACH * mixture.deviation, mixture.copies + REACH * mixture.deviation]
  let [outside, within] = at.side === 'below' ? [least, most] : [most, least]
  for (let turn = 0; turn < HALVINGS; turn++) {
    const y = (outside + within) / 2
    if (logProbability(mixture, direction, { y, side: at.side }) <= Math.log(at.tail)) outside = y
    else within = y
  }
  return outside
}

/** The smallest and the largest loss that are not truncated, and the interval of the noise that gives them. */
function lossRange(
  mixture: Mixture,
  direction: Direction,
  { tail, cap }: LossRange,
): { min: number; max: number; from: number; to: number } {
  let from = quantile(mixture, direction, { side: 'below', tail })
  let to = quantile(mixture, direction, { side: 'above', tail })
  if (direction === 'remove') to = Math.min(to, Math.max(from, crossing(mixture, cap)))
  else from = Math.max(from, Math.min(to, crossing(mixture, -cap)))
  const [low, high] = [logRatio(mixture, from), logRatio(mixture, to)]
  return direction === 'remove' ? { min: low, max: high, from, to } : { min: -high, max: -low, from, to }
}

/** Width of the range of one step's losses after truncation; the range includes 0. */
export function lossWidth(mechanism: Mechanism, direction: Direction, range: LossRange): number {
  const { min, max } = lossRange(mixtureOf(mechanism), direction, range)
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
  const mixture = mixtureOf(mechanism)
  const { min, max, from, to } = lossRange(mixture, direction, range)
  const [first, last] = [Math.floor(min / step), Math.floor(max / step) + 1]
  const masses = new Float64Array(last - first + 1)
  const beyond = { below: { y: from, side: 'below' }, above: { y: to, side: 'above' } } as const
  const [low, high] = direction === 'remove' ? [beyond.below, beyond.above] : [beyond.above, beyond.below]
  // the lower tail goes to the first point above all its losses: rounded up, on the safe side
  masses[1] = Math.exp(logProbability(mixture, direction, low)) * (1 + MASS_SLACK)
  const share = -Math.expm1(-step)
  const sign = direction === 'remove' ? 1 : -1
  const clip = (y: number): number => Math.min(to, Math.max(from, y))
  let start = sign === 1 ? from : to
  for (let cell = 0; cell < masses.length - 1; cell++) {
    const lower = (first + cell) * step
    const end =
      cell === masses.length - 2 ? (sign === 1 ? to : from) : clip(crossing(mixture, sign * (lower + step), start))
    const { mass, above } = integrate(mixture, direction, {
      from: Math.min(start, end),
      to: Math.max(start, end),
      lower,
      step,
    })
    const up = Math.min(mass, above / share)
    masses[cell]! += (mass - up) * (1 + MASS_SLACK)
    masses[cell + 1]! += up * (1 + MASS_SLACK)
    start = end
  }
  const infinite = Math.exp(logProbability(mixture, direction, high)) * (1 + MASS_SLACK)
  return { step, first, masses, infinite }
}

/**
 * Width of an interval, whose losses differ by at most `step`, over the shortest of the lengths on which the integrand
 * changes: z for the densities; z² for the loss, which is analytic within ±πz² of the real line for any k (the ratio of
 * the densities is a polynomial of e^{y/z²} with negative roots only, as e^{−i²} turns (1 + qx)^k into such a one:
 * Laguerre); 1 of the loss for its exponential.
 */
function roughness({ deviation: z, copies }: Mixture, width: number, step: number): number {
  return Math.max(width / Math.min(z, z * z), Math.min(step, (copies * width) / (z * z)))
}

/** P-mass of an interval of noise values, and the integral of 1 − e^{lower − loss} over it. */
function integrate(
  mixture: Mixture,
  direction: Direction,
  { from, to, lower, step }: { from: number; to: number; lower: number; step: number },
): { mass: number; above: number } {
  const { deviation: z, absent, present, logs } = mixture
  const width = to - from
  if (!(width > 0)) return { mass: 0, above: 0 }
  const rough = roughness(mixture, width, step)
  const narrow = rough <= NARROW
  const rule = narrow ? RULE_NARROW : RULE_WIDE
  const pieces = narrow ? 1 : Math.ceil(rough / WIDE)
  const half = width / pieces / 2
  const unit = half / (z * Math.sqrt(2 * Math.PI))
  let [mass, above] = [0, 0]
  let peak = likeliest(mixture, from)
  for (let piece = 0; piece < pieces; piece++) {
    const middle = from + (2 * piece + 1) * half
    for (const [node, weight] of rule) {
      const y = middle + half * node
      peak = likeliest(mixture, y, peak)
      const sum = spread(mixture, y, peak)
      const ratio = logRatio(mixture, y, peak, sum)
      const none = Math.exp((-y * y) / (2 * z * z))
      const density =
        direction === 'remove'
          ? absent * none + present * sum * Math.exp(logs[peak]! - ((y - peak) * (y - peak)) / (2 * z * z))
          : none
      const loss = direction === 'remove' ? ratio : -ratio
      const part = weight * unit * density
      mass += part
      // rounding may put a node a hair below its cell
      above += part * Math.max(0, -Math.expm1(lower - loss))
    }
  }
  return { mass, above }
}
