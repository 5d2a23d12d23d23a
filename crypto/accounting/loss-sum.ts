/**
 * Sums the privacy losses of many steps on one grid, and computes ε at δ from the sum.
 *
 * The losses of independent steps add up, so their distributions are convolved, by Fourier transform. ε depends on a
 * tail of probability δ, but the transform's rounding error is relative to its largest value. Therefore the masses are
 * first multiplied by e^{λ·loss} (an Esscher tilt, as in saddle-point approximations), with the λ at which the tail
 * bound e^{K(λ)−λε}·c(λ) equals δ: ε then lies in the middle of the transformed interval and not in its tail.
 * Truncation, aliasing (mass that wraps around) and rounding are bounded from above, and the bounds are added.
 *
 * @module
 */

import { createFourierPlan } from './fourier.ts'
import { type Direction, type LossDistribution, type LossRange, lossDistribution } from './gaussian-loss.ts'
import { remembering } from './memo.ts'
import type { Mechanism } from './mixture.ts'

/** Most points of one transform. */
const TRANSFORM_POINTS_MAX = 1 << 20
/** Values of λ per octave: λ is an integer power of 2^¼. */
const TILTS_PER_OCTAVE = 4
/** Largest absolute exponent of 2^¼ in λ. */
const TILT_MAX = 14 * TILTS_PER_OCTAVE
/** First reach of the transformed interval on either side of the tilted sum's mean, in standard deviations. */
const SIDE_MIN = 4
/** Growth of the reach: upwards until REST and WRAPPED hold, downwards until the interval contains ε. */
const SIDE_GROWTH = 1.5
/** Share of δ that may lie above the interval. */
const REST = 1e-6
/** Share by which aliasing from above the interval may raise ε, according to a tail bound that is 10 times too high. */
const WRAPPED = 1e-3
/** Error that one transform adds to a coefficient, over log2(points). The bound for radix 2 is about 4 roundings. */
const ROUNDING = 8 * Number.EPSILON
/** ln of the smallest coefficient that is kept: those below, all together, are smaller than the rounding errors. */
const LOG_SIZE_MIN = -80

/** Identical steps: the loss of one of them, and their number. */
export interface Kind {
  readonly grid: Grid
  readonly steps: number
}

/** A discretisation: grid step and truncation. */
export interface Fit extends LossRange {
  readonly step: number
}

/** A discretised loss, with the moments that were computed from it. */
export interface Grid extends LossDistribution {
  /** ln of the masses */
  readonly logs: Float64Array
  /** by λ: ln Σ mass·e^{λ·loss}, and mean and variance under the tilted masses */
  readonly tilts: Map<number, Tilted>
}

interface Tilted {
  readonly logMoment: number
  readonly mean: number
  readonly variance: number
}

export const gridOf = remembering(16, (mechanism: Mechanism, direction: Direction, fit: Fit): Grid => {
  const distribution = lossDistribution(mechanism, direction, fit)
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

/** Log-moment, mean and variance of the sum of all steps. */
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

export interface OnGrid {
  readonly epsilon: number
  /** estimate of how much the discretisation raises ε */
  readonly excess: number
}

/** ε on one grid; undefined when no transform of at most TRANSFORM_POINTS_MAX points is wide enough to contain it. */
export function epsilonOn(kinds: readonly Kind[], step: number, delta: number): OnGrid | undefined {
  // probability that any loss is infinite; the rest is about the finite losses, whose sum has the mass 1 − infinite
  const infinite = -Math.expm1(kinds.reduce((sum, { grid, steps }) => sum + steps * Math.log1p(-grid.infinite), 0))
  const left = delta - infinite
  if (!(left > 0)) return { epsilon: Number.POSITIVE_INFINITY, excess: 0 }
  const total = kinds.reduce((sum, { steps }) => sum + steps, 0)
  const tilt = tiltAt(bestTilt(kinds, left))
  const sum = tiltedSum(kinds, tilt)
  const deviation = Math.sqrt(sum.variance)
  let [below, above] = [SIDE_MIN, SIDE_MIN]
  let found: OnGrid | undefined
  for (;;) {
    // at least 64 points, and at least one grid step for a standard deviation: the sum may hardly vary
    const points = 2 ** Math.ceil(Math.log2(Math.max(64, ((below + above) * Math.max(deviation, step)) / step)))
    if (points > TRANSFORM_POINTS_MAX) return found
    const lowest = Math.round(sum.mean / step) - Math.round((points * below) / (below + above))
    const rest = Math.exp(restAbove(kinds, (lowest + points) * step, tilt))
    if (rest > REST * left) {
      above *= SIDE_GROWTH
      continue
    }
    const at = { ...sum, tilt, points, lowest, step, delta: left - rest }
    const crossing = crossingOf(transformed(kinds, tilt, points), at)
    if (crossing === undefined) {
      below *= SIDE_GROWTH
      continue
    }
    found = { epsilon: crossing.epsilon, excess: (total * step * crossing.share) / 12 }
    if (found.epsilon === 0) return found
    // losses above ε + width alias to losses above ε; undoing the tilt there overstates them by e^{λ·width}
    const width = points * step
    const wrapped = restAbove(kinds, found.epsilon + width, tilt) + tilt * width
    if (wrapped <= Math.log(WRAPPED * found.epsilon * crossing.descent)) return found
    above *= SIDE_GROWTH
  }
}

/** ln of a bound on the probability above a loss: the smallest of Chernoff's at the tilt and at multiples of it. */
function restAbove(kinds: readonly Kind[], loss: number, tilt: number): number {
  const largest = kinds.reduce((sum, { grid, steps }) => {
    return sum + steps * (grid.first + grid.masses.length - 1) * grid.step
  }, 0)
  if (loss > largest) return Number.NEGATIVE_INFINITY
  const bounds = [1, 1.1, 1.2, 1.4, 2, 2.8, 4, 8, 16].map(times => {
    const exponent = tilt * times
    return tiltedSum(kinds, exponent).logMoment - exponent * loss
  })
  return Math.min(...bounds)
}

/**
 * The last λ before the bound on ε at δ stops falling. The bound follows from
 *
 *     E(1 − e^{ε−loss})₊ ≤ e^{K(λ)−λε}·λ^λ/(1+λ)^{1+λ}
 *
 * where λ^λ/(1+λ)^{1+λ} is the maximum of (1 − e^{−x})/e^{λx} (Canonne, Kamath, Steinke 2020). The bound on the
 * probability above ε does not serve: where losses differ by less than 1, its λ leaves ε far below the transformed
 * interval. Where one rare large loss decides, the tilted mean jumps at the bound's minimum, and the sum is still
 * narrow just before it.
 */
function bestTilt(kinds: readonly Kind[], delta: number): number {
  /** whether the bound's slope is negative, as it is before the minimum */
  const falls = (index: number): boolean => {
    const tilt = tiltAt(index)
    const { logMoment, mean } = tiltedSum(kinds, tilt)
    const bound = logMoment - Math.log(delta) - Math.log1p(tilt) - tilt * Math.log1p(1 / tilt)
    return (mean - Math.log1p(1 / tilt)) * tilt < bound
  }
  let index = 0
  while (index < TILT_MAX && falls(index)) index += 1
  while (index > -TILT_MAX && !falls(index)) index -= 1
  return index
}

const planOf = remembering(4, (points: number) => createFourierPlan(points))

/** Fourier coefficients of one step's tilted, normalised masses, taken modulo the transform's number of points. */
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

/** Probabilities of the tilted sum, from a transform. */
interface Transformed {
  /** complex; indexed by grid point modulo the number of points */
  readonly sums: Float64Array
  /** bound on the rounding error of each */
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
 * The ε at which δ(ε) = Σ P·(1 − e^{ε − loss})₊ equals δ, searched from the top of the interval down; undefined when
 * the search reaches the bottom.
 *
 * Discretisation error for a grid step h: splitting a loss between two grid points keeps the mean of e^{−loss} and
 * gives it a relative variance of h²/6 on average. Over T steps that raises δ(ε) by T·h²/12 times the sum's density at
 * ε. It raises ε by that divided by the slope of δ(ε), which is the mass above ε discounted by e^{ε − loss}.
 *
 * @returns `descent`: the slope's absolute value; `share`: mass of a point next to ε, over `descent`, so that ε is
 *          T·h/12·share too high
 */
function crossingOf(
  { sums, error }: Transformed,
  at: { tilt: number; logMoment: number; lowest: number; points: number; step: number; delta: number },
): { epsilon: number; share: number; descent: number } | undefined {
  const { tilt, logMoment, lowest, points, step, delta } = at
  const probabilityAt = (point: number): number =>
    (Math.max(0, sums[2 * (point & mask)]!) + error) * Math.exp(logMoment - tilt * point * step)
  // P-mass above the point, and the same mass discounted by e^{loss here − loss there}
  let [mass, discounted] = [0, 0]
  const decay = Math.exp(-step)
  const mask = points - 1
  for (let point = lowest + points - 1; point >= lowest; point--) {
    const loss = point * step
    // between this point and the one above, δ(ε) = mass − e^{ε−loss}·discounted
    discounted *= decay
    if (mass - discounted > delta) {
      const around = Math.max(probabilityAt(point), probabilityAt(point + 1))
      return {
        epsilon: Math.max(0, loss + Math.log((mass - delta) / discounted)),
        share: around / discounted,
        descent: discounted,
      }
    }
    if (loss <= 0) return { epsilon: 0, share: 0, descent: 0 }
    const probability = probabilityAt(point)
    mass += probability
    discounted += probability
  }
  return undefined
}
