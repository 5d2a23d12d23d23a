/**
 * The noise of one step of the Poisson-subsampled Gaussian when what is protected has k copies: a patient with k records,
 * or one record that k hospitals hold. Each copy is in the step with probability q, independently; the worst case is that
 * all point the same way. With i of them in the step, the noise N(0, z²) is shifted by i sensitivities. What tells a data
 * set with the copies from one without them is therefore the pair
 *
 *     Σ_i Binom(k, q)(i)·N(i, z²)   and   N(0, z²)
 *
 * (Choquette-Choo, Ganesh, Steinke, Thakurta 2023, "Privacy amplification for matrix mechanisms": a mixture of Gaussians.
 * That the aligned case dominates, and that a mixture with stochastically larger shifts dominates, is shown there.) At
 * k = 1 this is the known pair of one record, by the same code.
 *
 * Written with p = 1 − (1−q)^k, the probability that any copy is in the step, and with "present" for the mixture of i ≥ 1
 * given that: the ratio of the densities is (1−p) + p·e^g, where g is ln of present's density over N(0, z²)'s. g grows in
 * the noise value y, is convex, and is a line at k = 1, so that Newton's method from the right solves it for any ratio, at
 * k = 1 in one step.
 *
 * @module
 */

import { requireInteger, requireReal } from '../check.ts'
import { logNormal } from './normal.ts'

export interface Mechanism {
  /** q, a probability of (0, 1] */
  readonly sampleRate: number
  /** z > 0: standard deviation of the noise over the sensitivity */
  readonly noiseMultiplier: number
  /** k, the copies of what is protected; 1 where absent */
  readonly copies?: number
}

/** Copies at most. */
export const COPIES_MAX = 1000

/** A mechanism with the tables of its mixture. */
export interface Mixture {
  /** z */
  readonly deviation: number
  /** k */
  readonly copies: number
  /** 1 − p: probability that no copy is in the step */
  readonly absent: number
  /** p: probability that at least one is */
  readonly present: number
  /** ln of the probability of i copies, given at least one, by i; −∞ where there is none */
  readonly logs: Float64Array
  /** the smallest i ≥ 1 that may happen; the largest is k */
  readonly first: number
}

/** Above this exponent u, e^u is factored out before it overflows. */
const EXPONENT_LARGE = 30
/** A probability that no copy is in the step below this counts as 0, which makes the shifts larger: on the safe side. */
const ABSENT_MIN = 1e-300
/** Terms that are smaller than the largest by this factor's logarithm are left out: all together change no last bit. */
const LOG_TERM_MIN = -45
/** Newton's method ends when a step is smaller than this share of 1 + |y|. */
const NEWTON_SHARE = 1e-15
const NEWTON_STEPS_MAX = 200

/** The smallest z of so many copies: all of them together are a Gaussian of z/k, and less noise takes minutes. */
export function noiseMultiplierMin(copies: number): number {
  return 1e-3 * copies
}

/** @throws CryptoError `out-of-range` */
export function requireMechanism({ sampleRate, noiseMultiplier, copies = 1 }: Mechanism): void {
  requireReal(sampleRate, { min: Number.MIN_VALUE, max: 1 }, 'sampleRate (a probability)')
  requireInteger(copies, { min: 1, max: COPIES_MAX }, 'copies')
  requireReal(noiseMultiplier, { min: noiseMultiplierMin(copies), max: 1e6 }, 'noiseMultiplier')
}

/** @throws CryptoError `out-of-range` */
export function mixtureOf(mechanism: Mechanism): Mixture {
  requireMechanism(mechanism)
  const { sampleRate: q, noiseMultiplier: deviation, copies = 1 } = mechanism
  const logAbsent = copies * Math.log1p(-q)
  const absent = Math.exp(logAbsent) < ABSENT_MIN ? 0 : Math.exp(logAbsent)
  const logs = new Float64Array(copies + 1).fill(Number.NEGATIVE_INFINITY)
  let logBinomial = 0
  for (let i = 1; i <= copies; i++) {
    logBinomial += Math.log((copies - i + 1) / i)
    logs[i] = logBinomial + i * Math.log(q) + (i === copies ? 0 : (copies - i) * Math.log1p(-q))
  }
  const total = logSum(logs)
  for (let i = 1; i <= copies; i++) logs[i]! -= total
  const first = logs.findIndex(log => log > Number.NEGATIVE_INFINITY)
  return { deviation, copies, absent, present: -Math.expm1(logAbsent), logs, first }
}

function logSum(logs: Float64Array): number {
  const largest = logs.reduce((most, log) => Math.max(most, log), Number.NEGATIVE_INFINITY)
  if (largest === Number.NEGATIVE_INFINITY) return largest
  return largest + Math.log(logs.reduce((sum, log) => sum + Math.exp(log - largest), 0))
}

/** How much ln of term i + 1 of present's density is above that of term i, at a noise value: falls with i. */
function rise({ logs, deviation: z }: Mixture, i: number, y: number): number {
  return logs[i + 1]! - logs[i]! + (2 * y - 2 * i - 1) / (2 * z * z)
}

/**
 * The i whose term is the largest of present's density at a noise value.
 *
 * @param near where the search begins
 */
export function likeliest(mixture: Mixture, y: number, near = mixture.first): number {
  let i = near
  while (i < mixture.copies && rise(mixture, i, y) > 0) i += 1
  while (i > mixture.first && rise(mixture, i - 1, y) < 0) i -= 1
  return i
}

/** Present's density over its largest term, which is that of `peak`; at least 1. */
export function spread(mixture: Mixture, y: number, peak: number): number {
  let sum = 1
  let log = 0
  for (let i = peak; i < mixture.copies; i++) {
    log += rise(mixture, i, y)
    if (log < LOG_TERM_MIN) break
    sum += Math.exp(log)
  }
  log = 0
  for (let i = peak - 1; i >= mixture.first; i--) {
    log -= rise(mixture, i, y)
    if (log < LOG_TERM_MIN) break
    sum += Math.exp(log)
  }
  return sum
}

/** g of the module's comment. */
function logPresent({ logs, deviation: z }: Mixture, y: number, peak: number, sum: number): number {
  return logs[peak]! + (peak * (2 * y - peak)) / (2 * z * z) + Math.log(sum)
}

/**
 * `spread`, and the mean number of copies that a noise value lets expect, given at least one: over z², the slope of g.
 */
function spreadAndMean(mixture: Mixture, y: number, peak: number): [sum: number, mean: number] {
  let [sum, moment, log] = [1, 0, 0]
  for (let i = peak; i < mixture.copies; i++) {
    log += rise(mixture, i, y)
    if (log < LOG_TERM_MIN) break
    const term = Math.exp(log)
    sum += term
    moment += term * (i + 1 - peak)
  }
  log = 0
  for (let i = peak - 1; i >= mixture.first; i--) {
    log -= rise(mixture, i, y)
    if (log < LOG_TERM_MIN) break
    const term = Math.exp(log)
    sum += term
    moment += term * (i - peak)
  }
  return [sum, peak + moment / sum]
}

/**
 * ln of the density with the copies over the density without them, at a noise value.
 *
 * @param peak as `likeliest` gives it
 * @param sum  as `spread` gives it
 */
export function logRatio(
  mixture: Mixture,
  y: number,
  peak = likeliest(mixture, y),
  sum = spread(mixture, y, peak),
): number {
  const { absent, present } = mixture
  const exponent = logPresent(mixture, y, peak, sum)
  if (absent === 0) return exponent
  if (exponent > EXPONENT_LARGE) {
    return exponent + Math.log(present) + Math.log1p((absent / present) * Math.exp(-exponent))
  }
  const change = present * Math.expm1(exponent)
  return change < -0.5 ? Math.log(absent + present * Math.exp(exponent)) : Math.log1p(change)
}

/** g where the ratio of the densities is e^ratio: −∞ where it is above that everywhere. */
function exponentOf({ absent, present }: Mixture, ratio: number): number {
  if (absent === 0) return ratio
  if (ratio > EXPONENT_LARGE) return ratio + Math.log1p(-absent * Math.exp(-ratio)) - Math.log(present)
  const change = Math.expm1(ratio)
  if (change < -0.5) return Math.log(Math.max(0, Math.exp(ratio) - absent) / present)
  return Math.log1p(Math.max(-1, change / present))
}

/**
 * The noise value where the density with the copies is e^ratio times that without; −∞ where there is none.
 *
 * Newton's method: g is convex, so each step after the first ends right of the solution, and the next goes left.
 *
 * @param near a noise value near the solution; by default one that is right of it
 */
export function crossing(mixture: Mixture, ratio: number, near?: number): number {
  const wanted = exponentOf(mixture, ratio)
  if (wanted === Number.NEGATIVE_INFINITY) return wanted
  const { deviation: z } = mixture
  let y = near ?? rightOf(mixture, wanted)
  let peak = mixture.first
  for (let turn = 0; turn < NEWTON_STEPS_MAX; turn++) {
    peak = likeliest(mixture, y, peak)
    const [sum, mean] = spreadAndMean(mixture, y, peak)
    const step = ((wanted - logPresent(mixture, y, peak, sum)) * z * z) / mean
    // to the right only at first; later it would be rounding
    if (turn > 0 && step >= 0) break
    y += step
    if (-NEWTON_SHARE * (1 + Math.abs(y)) < step && step <= 0) break
  }
  return y
}

/** A noise value at or right of that where g has a value: every term alone is at most g. */
function rightOf({ logs, deviation: z, first, copies }: Mixture, value: number): number {
  let y = Number.POSITIVE_INFINITY
  for (let i = first; i <= copies; i++) y = Math.min(y, (z * z * (value - logs[i]!)) / i + i / 2)
  return y
}

/** ln of the probability of noise below, or above, a value, given that at least one copy is in the step. */
export function logPresentBeyond(mixture: Mixture, { y, side }: { y: number; side: 'below' | 'above' }): number {
  const sign = side === 'below' ? 1 : -1
  return logSum(mixture.logs.map((log, i) => (i < mixture.first ? log : log + beyond(mixture, sign * (y - i)))))
}

/** ln of the probability of noise below a value without the copies. */
export function beyond({ deviation }: Mixture, y: number): number {
  return logNormal(y / deviation)
}
