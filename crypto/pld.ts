/**
 * Privacy-loss-distribution accountant of the Poisson-subsampled Gaussian: ε at δ of any number of steps, of one or
 * several kinds, never below the truth.
 *
 * The losses of independent steps add up: their distributions are convolved, by Fourier transform. What matters is a tail
 * of probability δ, and the transform's rounding is relative to its largest value; so the distributions are first tilted
 * by e^{λ·loss}, with λ where the tail bound e^{K(λ)−λε} is δ, and ε lies in the middle of what is transformed instead of
 * in its tail (Esscher's transform, as in saddle-point approximations). Everything that is cut off, wrapped around or
 * rounded is bounded from above and added.
 *
 * @module
 */

import { requireInteger, requireReal } from './check.ts'
import { createFourierPlan } from './fourier.ts'
import {
  DIRECTIONS,
  type Direction,
  deltaOfStep,
  type LossDistribution,
  lossDistribution,
  lossWidth,
  type Mechanism,
  requireMechanism,
} from './gaussian-loss.ts'

/** Steps of one mechanism. */
export interface Steps extends Mechanism {
  /** T ≥ 0 */
  readonly steps: number
}

export const PLD_STEPS_MAX = 10_000_000

/**
 * A grid of step h raises ε by about T·(λ+1)·h²/12 (the split between two points keeps 1 and e^{−loss}, and raises
 * e^{λ·loss} by a relative λ(λ+1)/2·(loss − lower)(upper − loss)): h is chosen so that this is at most so much of ε.
 */
const GRID_EXCESS = 2e-5
/** Points of the coarse grid that λ is first estimated on. */
const COARSE_POINTS = 1 << 13
/** Points of one step's distribution, and of what is transformed, at most: beyond that the grid is coarser. */
const POINTS_MAX = 1 << 18
const TRANSFORM_POINTS_MAX = 1 << 20
/** λ is a power of 2^¼. */
const TILTS_PER_OCTAVE = 4
const TILT_MAX = 14 * TILTS_PER_OCTAVE
/** Half the transformed interval, in standard deviations of the tilted sum: widened until the rest is below REST of δ. */
const HALF_WIDTH_MIN = 6
const HALF_WIDTH_GROWTH = 1.5
const REST = 1e-6
/** What one transform adds to a coefficient, over log2(points): the bound for a radix-2 one is about 4 roundings. */
const ROUNDING = 8 * Number.EPSILON
/** Coefficients below e^−80 are left out; all of them together are below the roundings. */
const LOG_SIZE_MIN = -80

interface Kind {
  readonly grid: Grid
  readonly steps: number
}

/**
 * ε of all these steps together at δ, the larger of both directions.
 *
 * @param delta    of (0, 1)
 * @param lossStep distance of the grid's points; by default a fraction of the smallest step's standard deviation
 * @throws CryptoError `out-of-range`
 */
export function pldEpsilon(
  all: readonly Steps[],
  { delta, lossStep }: { delta: number; lossStep?: number | undefined },
): number {
  requireReal(delta, { min: 1e-100, max: 1 - Number.EPSILON }, 'delta')
  for (const { steps, ...mechanism } of all) {
    requireInteger(steps, { min: 0, max: PLD_STEPS_MAX }, 'steps')
    requireMechanism(mechanism)
  }
  const some = all.filter(({ steps }) => steps > 0)
  if (some.length === 0) return 0
  // distances of independent steps add up at most
  const apart = DIRECTIONS.map(way => some.reduce((sum, one) => sum + one.steps * deltaOfStep(one, way, 0), 0))
  if (Math.max(...apart) <= delta) return 0
  const [only] = some
  if (some.length === 1 && only!.steps === 1 && lossStep === undefined) return epsilonOfStep(only!, delta)
  return Math.max(...DIRECTIONS.map(direction => epsilonIn(direction, some, { delta, lossStep })))
}

/** ε of one step, by bisection of the closed form. */
function epsilonOfStep(mechanism: Mechanism, delta: number): number {
  const exceeds = (epsilon: number) => DIRECTIONS.some(direction => deltaOfStep(mechanism, direction, epsilon) > delta)
  if (!exceeds(0)) return 0
  let high = 1
  while (exceeds(high)) high *= 2
  let low = 0
  while (high - low > 1e-9 * high) {
    const middle = (low + high) / 2
    if (exceeds(middle)) low = middle
    else high = middle
  }
  return high
}

function epsilonIn(
  direction: Direction,
  all: readonly Steps[],
  { delta, lossStep }: { delta: number; lossStep: number | undefined },
): number {
  let step = lossStep ?? gridStep(all, direction, delta)
  for (;;) {
    const kinds = all.map(({ steps, ...mechanism }) => ({ grid: gridOf(mechanism, direction, step), steps }))
    const epsilon = epsilonOn(kinds, step, delta)
    if (epsilon !== undefined) return epsilon
    step *= 2
  }
}

/**
 * A power of two, and for a number of steps rounded up to one: the grid changes so rarely that ε, asked for after every
 * round, grows with the rounds.
 */
function gridStep(all: readonly Steps[], direction: Direction, delta: number): number {
  const width = Math.max(...all.map(mechanism => lossWidth(mechanism, direction)))
  const kinds = all.map(({ steps, ...mechanism }) => ({
    grid: gridOf(mechanism, direction, width / COARSE_POINTS),
    steps: 2 ** Math.ceil(Math.log2(steps)),
  }))
  const tilt = tiltAt(bestTilt(kinds, delta))
  const total = kinds.reduce((sum, { steps }) => sum + steps, 0)
  const excess = (total * (tilt + 1)) / 12
  const epsilon = (tiltedSum(kinds, tilt).logMoment - Math.log(delta)) / tilt
  const fine = Math.sqrt((GRID_EXCESS * epsilon) / excess)
  return 2 ** Math.floor(Math.log2(Math.max(fine, (2 * width) / POINTS_MAX)))
}

/** Remembers the last results of a costly function. */
function remembering<Argument extends unknown[], Result>(
  most: number,
  make: (...argument: Argument) => Result,
): (...argument: Argument) => Result {
  const known = new Map<string, Result>()
  return (...argument) => {
    const key = JSON.stringify(argument)
    const result = known.get(key) ?? make(...argument)
    known.delete(key)
    known.set(key, result)
    if (known.size > most) known.delete(known.keys().next().value as string)
    return result
  }
}

interface Grid extends LossDistribution {
  /** ln of the masses */
  readonly logs: Float64Array
  /** ln Σ mass·e^{λ·loss}, and mean and variance under the tilted masses, by λ */
  readonly tilts: Map<number, Tilted>
}

interface Tilted {
  readonly logMoment: number
  readonly mean: number
  readonly variance: number
}

const gridOf = remembering(16, (mechanism: Mechanism, direction: Direction, step: number): Grid => {
  const distribution = lossDistribution(mechanism, direction, step)
  return { ...distribution, logs: distribution.masses.map(Math.log), tilts: new Map() }
})

function tilted(grid: Grid, tilt: number): Tilted {
  const known = grid.tilts.get(tilt)
  if (known !== undefined) return known
  const { logs, first, step } = grid
  let largest = Number.NEGATIVE_INFINITY
  for (let i = 0; i < logs.length; i++) largest = Math.max(largest, logs[i]! + tilt * (first + i) * step)
  let [total, mean, square] = [0, 0, 0]
  for (let i = 0; i < logs.length; i++) {
    const loss = (first + i) * step
    const weight = Math.exp(logs[i]! + tilt * loss - largest)
    total += weight
    mean += weight * loss
    square += weight * loss * loss
  }
  mean /= total
  const result = { logMoment: largest + Math.log(total), mean, variance: Math.max(0, square / total - mean * mean) }
  grid.tilts.set(tilt, result)
  return result
}

/** The same of a sum of steps. */
function tiltedSum(kinds: readonly Kind[], tilt: number): Tilted {
  let [logMoment, mean, variance] = [0, 0, 0]
  for (const { grid, steps } of kinds) {
    const one = tilted(grid, tilt)
    logMoment += steps * one.logMoment
    mean += steps * one.mean
    variance += steps * one.variance
  }
  return { logMoment, mean, variance }
}

const tiltAt = (index: number): number => 2 ** (index / TILTS_PER_OCTAVE)

/** ε on one grid; undefined when the sum is too wide for it. */
function epsilonOn(kinds: readonly Kind[], step: number, delta: number): number | undefined {
  const infinite = kinds.reduce((sum, { grid, steps }) => sum + steps * grid.infinite, 0)
  const left = delta - infinite
  if (!(left > 0)) return Number.POSITIVE_INFINITY
  const tilt = tiltAt(bestTilt(kinds, left))
  const sum = tiltedSum(kinds, tilt)
  const deviation = Math.sqrt(sum.variance)
  for (let half = HALF_WIDTH_MIN; ; half *= HALF_WIDTH_GROWTH) {
    // at least as wide as the grid's neighbourhood, for sums that hardly vary
    const points = 2 ** Math.ceil(Math.log2(Math.max(64, (2 * half * Math.max(deviation, step)) / step)))
    if (points > TRANSFORM_POINTS_MAX) return undefined
    const lowest = Math.round(sum.mean / step) - points / 2
    const rest = Math.exp(restAbove(kinds, (lowest + points) * step, tilt))
    if (rest > REST * left) continue
    const at = { ...sum, tilt, points, lowest, step, delta: left - rest }
    const epsilon = crossingOf(transformed(kinds, tilt, points), at)
    if (epsilon !== undefined) return epsilon
  }
}

/** ln of a bound on the probability above a loss: Chernoff's, at the tilt and at larger exponents. */
function restAbove(kinds: readonly Kind[], loss: number, tilt: number): number {
  const bounds = [1, 1.4, 2, 2.8, 4, 8, 16].map(times => {
    const exponent = tilt * times
    return tiltedSum(kinds, exponent).logMoment - exponent * loss
  })
  return Math.min(...bounds)
}

/**
 * The last λ before the tail bound (K(λ) − ln δ)/λ stops falling. Where one rare large loss decides, the tilted mean
 * jumps at the bottom of that valley: on its near side the sum is still narrow.
 */
function bestTilt(kinds: readonly Kind[], delta: number): number {
  /** the bound's slope: negative before the valley's bottom */
  const falls = (index: number): boolean => {
    const tilt = tiltAt(index)
    const { logMoment, mean } = tiltedSum(kinds, tilt)
    return mean * tilt < logMoment - Math.log(delta)
  }
  let index = 0
  while (index < TILT_MAX && falls(index)) index += 1
  while (index > -TILT_MAX && !falls(index)) index -= 1
  return index
}

const planOf = remembering(4, (points: number) => createFourierPlan(points))

/** Fourier coefficients of one step's tilted, normalised masses, folded onto the transform's points. */
interface Spectrum {
  readonly logSizes: Float64Array
  readonly angles: Float64Array
}

const spectra = new WeakMap<Grid, Map<string, Spectrum>>()
const SPECTRA_MAX = 3

function spectrumOf(grid: Grid, tilt: number, points: number): Spectrum {
  const own = spectra.get(grid) ?? new Map<string, Spectrum>()
  spectra.set(grid, own)
  const key = `${tilt}/${points}`
  const known = own.get(key)
  if (known !== undefined) return known
  const { logs, first, step } = grid
  const { logMoment } = tilted(grid, tilt)
  const folded = new Float64Array(points)
  const mask = points - 1
  for (let i = 0; i < logs.length; i++) {
    folded[(first + i) & mask]! += Math.exp(logs[i]! + tilt * (first + i) * step - logMoment)
  }
  const complex = new Float64Array(2 * points)
  planOf(points).realTransform(complex, folded)
  const half = points / 2 + 1
  const spectrum = { logSizes: new Float64Array(half), angles: new Float64Array(half) }
  for (let k = 0; k < half; k++) {
    const [re, im] = [complex[2 * k]!, complex[2 * k + 1]!]
    spectrum.logSizes[k] = Math.log(re * re + im * im) / 2
    spectrum.angles[k] = Math.atan2(im, re)
  }
  if (own.size >= SPECTRA_MAX) own.delete(own.keys().next().value as string)
  own.set(key, spectrum)
  return spectrum
}

/** The tilted sum's probability at a loss, from a transform: with what its rounding may have taken away. */
interface Transformed {
  /** complex, by loss modulo the number of points */
  readonly sums: Float64Array
  readonly error: number
}

function transformed(kinds: readonly Kind[], tilt: number, points: number): Transformed {
  const plan = planOf(points)
  const spectrum = new Float64Array(2 * points)
  const parts = kinds.map(({ grid, steps }) => ({ ...spectrumOf(grid, tilt, points), steps }))
  // a coefficient's error grows with each factor: by T·|p|^{T−1}·(error of p)
  let amplified = 0
  for (let k = 0; k <= points / 2; k++) {
    let logSize = 0
    for (const { logSizes, steps } of parts) logSize += steps * logSizes[k]!
    if (!(logSize > LOG_SIZE_MIN)) continue
    const size = Math.exp(logSize)
    let [angle, factors] = [0, 0]
    for (const { logSizes, angles, steps } of parts) {
      angle += steps * angles[k]!
      factors += steps * Math.exp(-logSizes[k]!)
    }
    spectrum[2 * k] = size * Math.cos(angle)
    spectrum[2 * k + 1] = size * Math.sin(angle)
    amplified += size * factors
  }
  plan.completeSpectrum(spectrum)
  const sums = new Float64Array(2 * points)
  plan.inverseTransform(sums, spectrum)
  const error = ROUNDING * Math.log2(points) * ((2 * amplified) / points + 1 / points)
  return { sums, error }
}

/**
 * The loss ε above which Σ P·(1 − e^{ε − loss}) is δ, from the top of the interval down; undefined where its bottom is
 * reached before.
 */
function crossingOf(
  { sums, error }: Transformed,
  at: { tilt: number; logMoment: number; lowest: number; points: number; step: number; delta: number },
): number | undefined {
  const { tilt, logMoment, lowest, points, step, delta } = at
  // P-mass above, and the same discounted by e^{loss here − loss there}
  let [mass, discounted] = [0, 0]
  const decay = Math.exp(-step)
  const mask = points - 1
  for (let point = lowest + points - 1; point >= lowest; point--) {
    const loss = point * step
    // between this point and the one above, δ(ε) = mass − e^{ε−loss}·discounted
    discounted *= decay
    if (mass - discounted > delta) return Math.max(0, loss + Math.log((mass - delta) / discounted))
    if (loss <= 0) return 0
    const probability = (Math.max(0, sums[2 * (point & mask)]!) + error) * Math.exp(logMoment - tilt * loss)
    mass += probability
    discounted += probability
  }
  return undefined
}
