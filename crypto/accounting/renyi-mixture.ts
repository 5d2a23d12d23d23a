/**
 * Rényi divergences of the mixture of Gaussians of k copies (mixture.ts), at any order, in both directions, by the
 * trapezoidal rule with a proven error.
 *
 * With R the ratio of the densities and Q = N(0, z²), the moment is ∫ Q·R^α (copies present under P) or ∫ Q·R^{1−α}
 * (absent under P). The trapezoidal rule with step h is off by at most 2M/(e^{2πb/h} − 1), where M bounds the integral of
 * the modulus at height up to b (Trefethen, Weideman 2014, theorem 5.1). Here R is a polynomial of u = e^{y/z²} whose
 * coefficients are positive and whose roots are all negative (gaussian-loss.ts says why). At height b, therefore, |Q|
 * grows by e^{b²/(2z²)} at most, |R| not at all, and 1/|R| by cos(b/(2z²))^{−k} at most, as long as b < πz²: M is the
 * integral itself times these, and the error is a share of it that the step makes as small as wanted.
 *
 * @module
 */

import { likeliest, logRatio, type Mechanism, type Mixture, mixtureOf } from './mixture.ts'

/** ln of the rule's error, as a share of the integral; also of what is left out at the ends. */
const LOG_ERROR = -40
/** Standard deviations beyond the outermost shift after which the integrand is below e^LOG_ERROR of the whole. */
const REACH = 12
/** Most nodes of one moment. An order that needs more gets the divergence of q = 1, which is never less. */
const NODES_MAX = 1 << 18

/**
 * RDP of one step at an order: the larger one of both directions, never below the truth.
 *
 * @param order α > 1
 * @throws CryptoError `out-of-range`
 */
export function rdpOfMixture(order: number, mechanism: Mechanism): number {
  const mixture = mixtureOf(mechanism)
  const { deviation: z, copies } = mixture
  const whole = (order * copies * copies) / (2 * z * z)
  const logMoment = Math.max(logMomentPresent(mixture, order), logMomentAbsent(mixture, order))
  return Math.min(whole, Math.max(0, logMoment) / (order - 1))
}

/** ln ∫ Q·R^α: the integrand's mass is near shifts from 0 to αk. */
function logMomentPresent(mixture: Mixture, order: number): number {
  const { deviation: z, copies } = mixture
  const height = Math.min(3 * z * z, 8 * z)
  const growth = (height * height) / (2 * z * z)
  const step = (2 * Math.PI * height) / (growth - LOG_ERROR)
  return logTrapezoid(mixture, order, { from: -REACH * z, to: order * copies + REACH * z, step })
}

/** ln ∫ Q·R^{1−α}: near shifts from −(α−1)k to 0, and where R ≥ 1−p leaves anything of Q's tail. */
function logMomentAbsent(mixture: Mixture, order: number): number {
  const { deviation: z, copies, absent } = mixture
  const power = order - 1
  // half of the angle of u
  const half = Math.min(1.5, 4 / z, Math.sqrt(40 / (copies * power)))
  const height = 2 * half * z * z
  const growth = (height * height) / (2 * z * z) - copies * power * Math.log(Math.cos(half))
  const step = (2 * Math.PI * height) / (growth - LOG_ERROR)
  const tail = absent === 0 ? Number.POSITIVE_INFINITY : Math.sqrt(2 * (-LOG_ERROR - power * Math.log(absent)))
  const from = -Math.min(power * copies + REACH * z, z * tail)
  return logTrapezoid(mixture, -power, { from, to: REACH * z, step })
}

/** ln of the trapezoidal sum for ∫ Q·R^power, rounded up. */
function logTrapezoid(
  mixture: Mixture,
  power: number,
  { from, to, step }: { from: number; to: number; step: number },
): number {
  const { deviation: z } = mixture
  const nodes = Math.ceil((to - from) / step) + 1
  if (nodes > NODES_MAX) return Number.POSITIVE_INFINITY
  let [largest, sum] = [Number.NEGATIVE_INFINITY, 0]
  let peak = mixture.first
  for (let node = 0; node < nodes; node++) {
    const y = from + node * step
    peak = likeliest(mixture, y, peak)
    const log = power * logRatio(mixture, y, peak) - (y * y) / (2 * z * z)
    if (log > largest) {
      sum *= Math.exp(largest - log)
      largest = log
    }
    sum += Math.exp(log - largest)
  }
  const rounding = Number.EPSILON * (nodes + Math.abs(largest))
  return largest + Math.log(sum) + Math.log(step / (z * Math.sqrt(2 * Math.PI))) + rounding
}
