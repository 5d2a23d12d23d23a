/**
 * The sum of many steps' losses on one grid, and ε at δ of it.
 *
 * The losses of independent steps add up: their distributions are convolved, by Fourier transform. What matters is a tail
 * of probability δ, and the transform's rounding is relative to its largest value; so the distributions are first tilted
 * by e^{λ·loss}, with λ where a tail bound e^{K(λ)−λε}·c(λ) is δ, and ε lies in the middle of what is transformed instead
 * of in its tail (Esscher's transform, as in saddle-point approximations). Everything that is cut off, wrapped around or
 * rounded is bounded from above and added.
 *
 * @module
 */

import { createFourierPlan } from './fourier.ts'
import {
  type Direction,
  type LossDistribution,
  type LossRange,
  lossDistribution,
  type Mechanism,
} from './gaussian-loss.ts'
import { remembering } from './memo.ts'

/** Points of what is transformed, at most. */
const TRANSFORM_POINTS_MAX = 1 << 20
/** λ is a power of 2^¼. */
const TILTS_PER_OCTAVE = 4
const TILT_MAX = 14 * TILTS_PER_OCTAVE
/**
 * How far the transformed interval reaches to either side of the tilted sum's mean, in standard deviations: upwards until
 * the rest is below REST of δ, downwards until ε is in it.
 */
const SIDE_MIN = 4
const SIDE_GROWTH = 1.5
const REST = 1e-6
/** What comes round from above the interval may raise ε by so much of it, as the tail bound has it: 10 times too high. */
const WRAPPED = 1e-3
/** What one transform adds to a coefficient, over log2(points): the bound for a radix-2 one is about 4 roundings. */
const ROUNDING = 8 * Number.EPSILON
/** Coefficients below e^−80 are left out; all of them together are below the roundings. */
const LOG_SIZE_MIN = -80

/** Steps that are alike. */
export interface Kind {
  readonly grid: Grid
  readonly steps: number
}

/** The grid that losses are told apart on. */
export interface Fit extends LossRange {
  readonly step: number
}

/** A distribution, and what was asked about it. */
export interface Grid extends LossDistribution {
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

export interface OnGrid {
  readonly epsilon: number
  /** by how much the grid has raised it, about */
  readonly excess: number
}

/** ε on one grid; undefined when the sum is too wide for it. */
export function epsilonOn(kinds: readonly Kind[], step: number, delta: number): OnGrid | undefined {
  // that any loss is infinite; what follows is of the finite ones, whose masses are so much below 1
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
    // at least as wide as the grid's neighbourhood, for sums that hardly vary
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
    // what is above the interval by more than ε is above its bottom comes round to above ε, tilted for its true place
    const width = points * step
    const wrapped = restAbove(kinds, found.epsilon + width, tilt) + tilt * width
    if (wrapped <= Math.log(WRAPPED * found.epsilon * crossing.descent)) return found
    above *= SIDE_GROWTH
  }
}

/** ln of a bound on the probability above a loss: Chernoff's, at the tilt and at larger exponents. */
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
 * The last λ before the tail bound stops falling. The bound is that of E(1 − e^{ε−loss})₊ ≤ e^{K(λ)−λε}·λ^λ/(1+λ)^{1+λ},
 * the largest that 1 − e^{−x} is beside e^{λx} (Canonne, Kamath, Steinke 2020): where losses differ by less than 1,
 * that of the probability above ε would ask for a λ that leaves ε far below what is transformed.
 *
 * Where one rare large loss decides, the tilted mean jumps at the bottom of that valley: on its near side the sum is
 * still narrow.
 */
function bestTilt(kinds: readonly Kind[], delta: number): number {
  /** the bound's slope: negative before the valley's bottom */
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
 *
 * Splitting a loss between two points of the grid spreads e^{−loss} by a relative h²/6 on average and leaves its mean.
 * Over T steps that raises δ(ε) by T·h²/12 times the density of the sum at ε, and ε by that over the curve's slope,
 * which is the mass above ε, discounted.
 *
 * @returns `descent` is that slope, downwards; `share` the mass at a point by ε over it, so that ε is T·h/12·share too high
 */
function crossingOf(
  { sums, error }: Transformed,
  at: { tilt: number; logMoment: number; lowest: number; points: number; step: number; delta: number },
): { epsilon: number; share: number; descent: number } | undefined {
  const { tilt, logMoment, lowest, points, step, delta } = at
  const probabilityAt = (point: number): number =>
    (Math.max(0, sums[2 * (point & mask)]!) + error) * Math.exp(logMoment - tilt * point * step)
  // P-mass above, and the same discounted by e^{loss here − loss there}
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
