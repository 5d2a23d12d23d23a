/**
 * Rényi accountant of the Poisson-subsampled Gaussian. The bound is that of Mironov-Talwar-Zhang (arXiv 1908.10530,
 * §3.3), whose fractional series keeps the binomials' signs; the conversion to ε is that of Canonne-Kamath-Steinke
 * (NeurIPS 2020, Prop. 12). For several copies of a record: renyi-mixture.ts.
 *
 * @module
 */

import { requireInteger, requireReal } from '../check.ts'
import { CryptoError } from '../errors.ts'
import { logErfc } from './erfc.ts'
import { COPIES_MAX, type Mechanism } from './mixture.ts'
import { rdpOfMixture } from './renyi-mixture.ts'

/** As in Opacus: 1.1, 1.2, … 10.9, then integers; and a few high ones for small budgets. */
export const RDP_ORDERS: readonly number[] = [
  ...Array.from({ length: 99 }, (_, i) => (i + 11) / 10),
  ...Array.from({ length: 53 }, (_, i) => i + 11),
  ...[80, 96, 128, 192, 256, 512, 1024],
]

/** A noise multiplier is rounded up to a multiple of this. */
export const NOISE_MULTIPLIER_STEP = 1e-4
export const ACCOUNTANT_NOISE_MULTIPLIER_MAX = 1e5
const STEPS_MAX = 2 ** 40

/** A is at least 1, so a term below e^−38 (less than half its last bit) changes nothing. */
const LOG_TERM_MIN = -38
/** Most terms of the fractional series, which may converge only polynomially; it is truncated on the safe side. */
const SERIES_TERMS_MAX = 1 << 12

/** Σ sign·e^{log} for terms of any size: the sum is kept relative to the largest term so far. */
class SignedLogSum {
  #max = Number.NEGATIVE_INFINITY
  #sum = 0

  add(log: number, sign: number): void {
    if (log === Number.NEGATIVE_INFINITY) return
    if (log > this.#max) {
      this.#sum *= Math.exp(this.#max - log)
      this.#max = log
    }
    this.#sum += sign * Math.exp(log - this.#max)
  }

  get log(): number {
    return this.#max + Math.log(this.#sum)
  }
}

function requireMechanism({ sampleRate, noiseMultiplier, copies = 1 }: Mechanism): void {
  requireReal(sampleRate, { min: 0, max: 1 }, 'sampleRate (a probability)')
  requireReal(noiseMultiplier, { min: Number.MIN_VALUE, max: Number.MAX_VALUE }, 'noiseMultiplier')
  requireInteger(copies, { min: 1, max: COPIES_MAX }, 'copies')
}

/** ln A_α for integer α: Σ_k C(α,k) (1−q)^{α−k} q^k e^{(k²−k)/(2z²)}. */
function logMomentInteger(order: number, { sampleRate: q, noiseMultiplier: z }: Mechanism): number {
  const sum = new SignedLogSum()
  let logBinomial = 0
  for (let k = 0; k <= order; k++) {
    sum.add(logBinomial + (order - k) * Math.log1p(-q) + k * Math.log(q) + (k * k - k) / (2 * z * z), 1)
    logBinomial += Math.log((order - k) / (k + 1))
  }
  return sum.log
}

/**
 * ln A_α for fractional α: the integral is split where both densities are equal (z0), and each half expanded into a
 * binomial series. Beyond i = α the binomials alternate and the terms shrink, so a sum that ends after an added term
 * is never below the true value.
 */
function logMomentFractional(order: number, { sampleRate: q, noiseMultiplier: z }: Mechanism): number {
  const sum = new SignedLogSum()
  const [logQ, logRest] = [Math.log(q), Math.log1p(-q)]
  const z0 = z * z * (logRest - logQ) + 0.5
  const width = Math.SQRT2 * z
  let logBinomial = 0
  let sign = 1
  for (let i = 0; ; i++) {
    const j = order - i
    const left = logBinomial + i * logQ + j * logRest + (i * i - i) / (2 * z * z) + logErfc((i - z0) / width) - Math.LN2
    const right =
      logBinomial + j * logQ + i * logRest + (j * j - j) / (2 * z * z) + logErfc((z0 - j) / width) - Math.LN2
    sum.add(left, sign)
    sum.add(right, sign)
    const negligible = Math.max(left, right) < LOG_TERM_MIN || i >= SERIES_TERMS_MAX
    if (i > order && sign === 1 && negligible) return sum.log
    if (j < 0) sign = -sign
    logBinomial += Math.log(Math.abs(j) / (i + 1))
  }
}

/** RDP of one step at one order. */
function rdpAt(order: number, mechanism: Mechanism): number {
  const { sampleRate, noiseMultiplier, copies = 1 } = mechanism
  if (sampleRate === 0) return 0
  // of one copy the series gives the same, and the known series is what other accountants compute
  if (copies > 1) return rdpOfMixture(order, mechanism)
  if (sampleRate === 1) return order / (2 * noiseMultiplier * noiseMultiplier)
  const logMoment = Number.isInteger(order) ? logMomentInteger(order, mechanism) : logMomentFractional(order, mechanism)
  return Math.max(0, logMoment) / (order - 1)
}

/**
 * RDP of one step, at each order.
 *
 * @param sampleRate        q, a probability of [0, 1] (a study's numerator divided by 2^32)
 * @param noiseMultiplier   z > 0
 * @param copies            k ≥ 1, of what is protected; 1 where absent
 * @param orders            α > 1
 * @throws CryptoError `out-of-range`
 */
export function rdpSubsampledGaussian({
  orders = RDP_ORDERS,
  ...mechanism
}: Mechanism & { orders?: readonly number[] }): Float64Array {
  requireMechanism(mechanism)
  for (const order of orders) {
    requireReal(order, { min: 1 + Number.EPSILON, max: Number.MAX_SAFE_INTEGER }, 'order')
  }
  return Float64Array.from(orders, order => rdpAt(order, mechanism))
}

/**
 * ε at δ: the smallest of RDP(α) + ln(1 − 1/α) − (ln δ + ln α)/(α − 1), at least 0.
 *
 * @param rdp      composed RDP, one value for each order: the RDP of several mechanisms adds up order by order
 * @param delta    of (0, 1)
 * @throws CryptoError `length-mismatch`, `out-of-range`
 */
export function rdpToEpsilon(rdp: Float64Array, delta: number, orders: readonly number[] = RDP_ORDERS): number {
  if (rdp.length !== orders.length || rdp.length === 0) {
    throw new CryptoError('length-mismatch', `${rdp.length} values for ${orders.length} orders`)
  }
  requireReal(delta, { min: Number.MIN_VALUE, max: 1 - Number.EPSILON }, 'delta')
  let epsilon = Number.POSITIVE_INFINITY
  orders.forEach((order, i) => {
    const value = rdp[i]! + Math.log1p(-1 / order) - (Math.log(delta) + Math.log(order)) / (order - 1)
    // an order whose moment overflowed gives no bound and must not hide the others
    if (value < epsilon) epsilon = value
  })
  return Math.max(0, epsilon)
}

/**
 * ε of `steps` steps at δ.
 *
 * @param sampleRate        q, a probability of [0, 1]
 * @param noiseMultiplier   z > 0
 * @param copies            k ≥ 1, of what is protected; 1 where absent
 * @param steps             T ≥ 0
 * @throws CryptoError `out-of-range`
 */
export function rdpEpsilon({ steps, delta, ...mechanism }: Mechanism & { steps: number; delta: number }): number {
  requireInteger(steps, { min: 0, max: STEPS_MAX }, 'steps')
  const rdp = rdpSubsampledGaussian(mechanism)
  if (steps === 0) return 0
  return rdpToEpsilon(
    rdp.map(value => value * steps),
    delta,
  )
}

/**
 * The smallest multiple of 1e-4 that, as a noise multiplier, keeps ε within the target.
 *
 * @param sampleRate   q, a probability of [0, 1]
 * @param steps        T ≥ 1
 * @param epsilon      the target, > 0
 * @throws CryptoError `out-of-range`; `noise-too-large` when no multiplier up to 1e5 reaches the target
 */
export function rdpNoiseMultiplier({
  sampleRate,
  steps,
  delta,
  epsilon,
}: {
  sampleRate: number
  steps: number
  delta: number
  epsilon: number
}): number {
  requireReal(sampleRate, { min: 0, max: 1 }, 'sampleRate (a probability)')
  requireInteger(steps, { min: 1, max: STEPS_MAX }, 'steps')
  requireReal(epsilon, { min: Number.MIN_VALUE, max: Number.MAX_VALUE }, 'epsilon')
  // searches in units of NOISE_MULTIPLIER_STEP, so that the returned value is the one that was checked
  const multiplierOf = (units: number): number => units / (1 / NOISE_MULTIPLIER_STEP)
  const suffices = (units: number): boolean =>
    rdpEpsilon({ sampleRate, noiseMultiplier: multiplierOf(units), steps, delta }) <= epsilon
  let enough = 1
  while (!suffices(enough)) {
    enough *= 2
    if (multiplierOf(enough) > ACCOUNTANT_NOISE_MULTIPLIER_MAX) {
      throw new CryptoError(
        'noise-too-large',
        `no noise multiplier up to ${ACCOUNTANT_NOISE_MULTIPLIER_MAX} gives ε ${epsilon}`,
      )
    }
  }
  let tooFew = Math.floor(enough / 2)
  while (enough - tooFew > 1) {
    const middle = Math.floor((tooFew + enough) / 2)
    if (suffices(middle)) enough = middle
    else tooFew = middle
  }
  return multiplierOf(enough)
}
