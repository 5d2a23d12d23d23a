/**
 * The normal distribution, and μ-Gaussian differential privacy: how well N(μ, 1) is told from N(0, 1)
 * (Dong, Roth, Su 2019; Balle, Wang 2018).
 *
 * @module
 */

import { requireReal } from '../check.ts'
import { logErfc } from './erfc.ts'

/** ln Φ(x), accurate also where Φ underflows. */
export function logNormal(x: number): number {
  return logErfc(-x / Math.SQRT2) - Math.LN2
}

const NEWTON_STEPS_MAX = 60

/** Φ⁻¹(p), by Newton's method on ln Φ, which is concave: starting left of the root, it never overshoots. */
export function normalQuantile(p: number): number {
  if (p === 0) return Number.NEGATIVE_INFINITY
  if (p === 1) return Number.POSITIVE_INFINITY
  requireReal(p, { min: 0, max: 1 }, 'p')
  if (p > 0.5) return -normalQuantile(1 - p)
  const target = Math.log(p)
  // left of the root, since Φ(x) ≤ e^{−x²/2} for x ≤ 0
  let x = -Math.sqrt(-2 * target)
  for (let step = 0; step < NEWTON_STEPS_MAX; step++) {
    const value = logNormal(x)
    const slope = Math.exp(-x * x * 0.5 - value) / Math.sqrt(2 * Math.PI)
    const next = x - (value - target) / slope
    if (Math.abs(next - x) <= 1e-14 * Math.max(1, Math.abs(x))) return next
    x = next
  }
  return x
}

/** The smallest δ for which a μ-Gaussian is (ε, δ)-private. */
export function gaussianDelta(mu: number, epsilon: number): number {
  if (mu === 0) return 0
  const above = Math.exp(logNormal(-epsilon / mu + mu / 2))
  return Math.max(0, above - Math.exp(epsilon + logNormal(-epsilon / mu - mu / 2)))
}

/** The largest μ whose Gaussian is (ε, δ)-private, by bisection. */
export function gaussianMu(epsilon: number, delta: number): number {
  requireReal(epsilon, { min: 0, max: 1e6 }, 'epsilon')
  requireReal(delta, { min: 1e-100, max: 1 - Number.EPSILON }, 'delta')
  let [low, high] = [0, 1]
  while (gaussianDelta(high, epsilon) < delta) high *= 2
  while (high - low > 1e-14 * high) {
    const middle = (low + high) / 2
    if (middle === low || middle === high) break
    if (gaussianDelta(middle, epsilon) < delta) low = middle
    else high = middle
  }
  return low
}
