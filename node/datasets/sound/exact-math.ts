/**
 * Functions of sound processing from +, −, ×, ÷ and square roots alone. ECMAScript fixes these to the last bit, and leaves
 * the last bits of Math.log, Math.cos and Math.sin to the engine and its build, so that a record could differ from one
 * hospital to another, or after an update.
 *
 * @module
 */

/** Terms of the logarithm's series, for a mantissa of √½ to √2: the next one is below 2^-53. */
const LOG_TERMS = 12

/** Natural logarithm of a normal positive number, to about 2e-16 of the larger of it and 1. */
export function exactLog(value: number): number {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, value)
  const high = view.getUint32(0)
  // the same mantissa with the exponent of 1
  view.setUint32(0, (high & 0xfffff) | 0x3ff00000)
  const [whole, above] = [view.getFloat64(0), (high >>> 20) - 1023]
  const [mantissa, exponent] = whole > Math.SQRT2 ? [whole / 2, above + 1] : [whole, above]
  // ln m = 2 artanh s
  const s = (mantissa - 1) / (mantissa + 1)
  const square = s * s
  let sum = 0
  for (let term = LOG_TERMS; term >= 0; term--) sum = sum * square + 1 / (2 * term + 1)
  return exponent * Math.LN2 + 2 * s * sum
}

/**
 * exp(−2πik/points) for k of 0 to points − 1, real and imaginary parts interleaved.
 *
 * @param points  a power of two, at least 2
 */
export function unitRoots(points: number): Float64Array {
  const roots = new Float64Array(2 * points)
  roots.set([1, 0, -1, 0])
  // doubles the roots of `known` points: the even ones stay, and the odd ones are these times the first new root
  let [cosine, sine] = [-1, 0]
  for (let known = 2; known < points; known *= 2) {
    const half = Math.sqrt((1 + cosine) / 2)
    ;[cosine, sine] = known === 2 ? [0, 1] : [half, sine / (2 * half)]
    for (let k = known - 1; k >= 0; k--) {
      const [real, imaginary] = [roots[2 * k]!, roots[2 * k + 1]!]
      roots[4 * k] = real
      roots[4 * k + 1] = imaginary
      roots[4 * k + 2] = real * cosine + imaginary * sine
      roots[4 * k + 3] = imaginary * cosine - real * sine
    }
  }
  return roots
}
