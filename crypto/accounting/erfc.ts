/**
 * The logarithm of the complementary error function, accurate (about 1e-14, relative to 1 + |ln erfc|) also where erfc
 * itself underflows: accountants need the normal tails, which 1 − Φ loses to rounding.
 *
 * @module
 */

/** Step of the trapezoidal rule. */
const STEP = 0.5
/** Terms of the trapezoidal rule: further ones, e^{−(STEP·k)²}, are below 1e-17. */
const TRAPEZOID_TERMS = 13
/** The Maclaurin series serves below this |x|. */
const SERIES_BELOW = 0.5

/** erf for |x| < ½ by its Maclaurin series without cancellation: 2/√π · e^{−x²} Σ 2^k x^{2k+1} / (2k+1)!!. */
function erfSmall(x: number): number {
  let term = x
  let sum = x
  for (let k = 1; Math.abs(term) > Number.EPSILON * Math.abs(sum); k++) {
    term *= (2 * x * x) / (2 * k + 1)
    sum += term
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum
}

/**
 * e^{x²}·erfc(x) for x ≥ ½: the trapezoidal rule for (x/π) ∫ e^{−t²}/(t² + x²) dt, whose error, corrected for the poles
 * at ±ix, is e^{−(π/STEP)²} (Chiarella-Reichl 1968; Trefethen-Weideman 2014).
 */
function scaledErfc(x: number): number {
  let sum = 1 / (2 * x * x)
  for (let k = 1; k <= TRAPEZOID_TERMS; k++) {
    const square = STEP * STEP * k * k
    sum += Math.exp(-square) / (square + x * x)
  }
  const pole = Math.PI / STEP
  const correction = x < pole ? (2 * Math.exp(x * (x - 2 * pole))) / Math.expm1(-2 * pole * x) : 0
  return (2 * STEP * x * sum) / Math.PI + correction
}

/** ln erfc(x), for every finite x and ±infinity. */
export function logErfc(x: number): number {
  if (x === Number.POSITIVE_INFINITY) return Number.NEGATIVE_INFINITY
  if (x >= SERIES_BELOW) return Math.log(scaledErfc(x)) - x * x
  if (x > -SERIES_BELOW) return Math.log1p(-erfSmall(x))
  if (x === Number.NEGATIVE_INFINITY) return Math.LN2
  return Math.LN2 + Math.log1p(-0.5 * scaledErfc(-x) * Math.exp(-x * x))
}
