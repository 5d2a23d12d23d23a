/**
 * Fourier transforms of real sequences: fft.js (MIT), with the types that it lacks.
 *
 * @module
 */

import FFT from 'fft.js'

/** Complex numbers are interleaved: real part, imaginary part. */
export interface FourierPlan {
  /** Fills the lower half of the spectrum of a sequence, up to and including the middle. */
  realTransform(out: Float64Array, sequence: Float64Array): void
  /** Fills the upper half, its mirror. */
  completeSpectrum(spectrum: Float64Array): void
  /** Of complex numbers, there. */
  transform(out: Float64Array, sequence: Float64Array): void
  /** Of complex numbers, back; divides by the number of points. */
  inverseTransform(out: Float64Array, spectrum: Float64Array): void
}

/** @param points a power of two, at least 2 */
export function createFourierPlan(points: number): FourierPlan {
  return new FFT(points) as FourierPlan
}
