/**
 * Fourier transforms: fft.js (MIT), with the types that it lacks.
 *
 * @module
 */

import FFT from 'fft.js'

/** Complex numbers are interleaved: real part, imaginary part. */
export interface FourierPlan {
  /** Transforms a real sequence: fills the lower half of its spectrum, up to and including the middle. */
  realTransform(out: Float64Array, sequence: Float64Array): void
  /** Fills the upper half of a real sequence's spectrum, the mirror of the lower half. */
  completeSpectrum(spectrum: Float64Array): void
  /** Transforms a complex sequence. */
  transform(out: Float64Array, sequence: Float64Array): void
  /** Inverse transform of a complex spectrum, divided by the number of points. */
  inverseTransform(out: Float64Array, spectrum: Float64Array): void
}

/** @param points a power of two, at least 2 */
export function createFourierPlan(points: number): FourierPlan {
  return new FFT(points) as FourierPlan
}
