/**
 * Log-mel energies of a sound: how much energy each band of the mel scale has, frame by frame.
 *
 * Everything is float64 in one fixed order, from operations that ECMAScript fixes to the last bit (see `exact-math.ts`):
 * the same sound gives the same record everywhere.
 *
 * @module Davis, Mermelstein, "Comparison of parametric representations for monosyllabic word recognition", 1980; the mel
 *   scale of O'Shaughnessy, 1987.
 */

import type { SoundContract } from '../../../protocols/study/contracts/sound.ts'
import { exactLog, unitRoots } from './exact-math.ts'

/** The least energy that a band has: digital silence has a logarithm, too. */
const ENERGY_MIN = 1e-12

export type LogMelSteps = Pick<SoundContract, 'shape' | 'rate' | 'window' | 'hop' | 'level'>

/**
 * Prepares to compute records.
 *
 * @param steps  of the contract, as its check has passed it
 * @returns `into` fills a record, frames × bands, from the first `samples` samples of a sound or all of a shorter one
 */
export function createLogMel({ shape, rate, window, hop, level }: LogMelSteps): {
  readonly samples: number
  readonly into: (record: Float32Array, sound: Float64Array) => void
} {
  const [frames, bands] = shape
  const [low, high] = level
  const spectrum = createPowerSpectrum(window)
  const filters = melFilters({ bands, rate, window })
  const frame = new Float64Array(window)
  const into = (record: Float32Array, sound: Float64Array): void => {
    for (let index = 0; index < frames; index++) {
      const start = index * hop
      frame.fill(0)
      frame.set(sound.subarray(start, start + window))
      const power = spectrum(frame)
      filters.forEach(({ first, weights }, band) => {
        let energy = 0
        for (let i = 0; i < weights.length; i++) energy += weights[i]! * power[first + i]!
        const scaled = (exactLog(Math.max(energy, ENERGY_MIN)) - low) / (high - low)
        record[index * bands + band] = Math.max(0, Math.min(1, scaled))
      })
    }
  }
  return { samples: (frames - 1) * hop + window, into }
}

/**
 * Power of each frequency in a frame under a Hann window: 1 for a sine of amplitude 1 at one of the frequencies.
 *
 * @param window  samples of a frame, a power of two
 * @returns       window/2 + 1 powers, valid until the next call
 */
export function createPowerSpectrum(window: number): (frame: Float64Array) => Float64Array {
  const roots = unitRoots(window)
  const hann = Float64Array.from({ length: window }, (_, i) => (1 - roots[2 * i]!) / 2)
  const power = new Float64Array(window / 2 + 1)
  const values = new Float64Array(2 * window)
  const order = reversedBits(window)
  // a sine of amplitude 1 has a quarter of the window's sum squared, and a Hann window's sum is half its length
  const scale = (4 / window) * (4 / window)
  return frame => {
    for (let i = 0; i < window; i++) {
      values[2 * order[i]!] = hann[i]! * frame[i]!
      values[2 * order[i]! + 1] = 0
    }
    transform(values, roots)
    for (let k = 0; k < power.length; k++) {
      const [real, imaginary] = [values[2 * k]!, values[2 * k + 1]!]
      power[k] = (real * real + imaginary * imaginary) * scale
    }
    return power
  }
}

/**
 * Fourier transform in place, radix 2 (Cooley and Tukey 1965). It is written out here because a library's tables of sines
 * are the engine's.
 *
 * @param values  complex numbers, interleaved, in the order of `reversedBits`
 * @param roots   unit roots of as many points
 */
function transform(values: Float64Array, roots: Float64Array): void {
  const points = values.length / 2
  for (let half = 1; half < points; half *= 2) {
    const stride = points / (2 * half)
    for (let start = 0; start < points; start += 2 * half) {
      for (let k = 0; k < half; k++) {
        const [cosine, sine] = [roots[2 * k * stride]!, roots[2 * k * stride + 1]!]
        const [a, b] = [2 * (start + k), 2 * (start + k + half)]
        const real = values[b]! * cosine - values[b + 1]! * sine
        const imaginary = values[b]! * sine + values[b + 1]! * cosine
        values[b] = values[a]! - real
        values[b + 1] = values[a + 1]! - imaginary
        values[a] = values[a]! + real
        values[a + 1] = values[a + 1]! + imaginary
      }
    }
  }
}

/** Of every index below a power of two, the index with its bits in reverse. */
function reversedBits(points: number): Uint32Array {
  const order = new Uint32Array(points)
  for (let i = 1; i < points; i++) order[i] = order[i >> 1]! / 2 + (i % 2 === 1 ? points / 2 : 0)
  return order
}

interface MelFilter {
  /** index of the first frequency with a weight */
  readonly first: number
  readonly weights: Float64Array
}

/**
 * Triangles over the mel scale from 0 to half the rate, each from its left neighbour's peak to its right neighbour's. A
 * frequency of the spectrum stands for all frequencies around it, so its weight is the triangle's mean over these: also a
 * band that is narrower than the distance of two frequencies has one.
 */
export function melFilters({ bands, rate, window }: { bands: number; rate: number; window: number }): MelFilter[] {
  const step = melOf(rate / 2) / (bands + 1)
  const edge = (k: number): number => melOf((Math.max(0, Math.min(window / 2, k)) * rate) / window) / step
  const edges = Float64Array.from({ length: window / 2 + 2 }, (_, k) => edge(k - 0.5))
  return Array.from({ length: bands }, (_, band) => {
    const area = (at: number): number => triangleArea(at - band - 1)
    const all = Array.from({ length: window / 2 + 1 }, (_, k) => {
      const [from, to] = [edges[k]!, edges[k + 1]!]
      return (area(to) - area(from)) / (to - from)
    })
    const first = all.findIndex(weight => weight > 0)
    const last = all.findLastIndex(weight => weight > 0)
    return { first, weights: Float64Array.from(all.slice(first, last + 1)) }
  })
}

function melOf(hertz: number): number {
  return 1127 * exactLog(1 + hertz / 700)
}

/** Area below a triangle of height 1 from −1 to 1, from its left corner to `at`. */
function triangleArea(at: number): number {
  const x = Math.max(-1, Math.min(1, at))
  return x < 0 ? ((1 + x) * (1 + x)) / 2 : 1 - ((1 - x) * (1 - x)) / 2
}
