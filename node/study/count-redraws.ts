/**
 * Intervals of figures that are computed from noised counts: the counts are drawn anew, as other units and other noise would
 * have given them. The draws are seeded by the counts, so the same counts give the same intervals.
 *
 * @module Efron, Annals of Statistics 7, 1979 (the parametric bootstrap).
 */

import { sha256 } from '../../crypto/hash.ts'
import { maskStream } from '../../crypto/mask-stream.ts'
import { RandomReader, type Rng } from '../../crypto/rng.ts'
import { percentiles } from '../evaluation/bootstrap.ts'
import { LEVEL } from '../evaluation/interval.ts'

export const REDRAWS = 1000
/** A share whose deviation by the noise alone is larger is not shown: its interval would span half of all values. */
const DEVIATION_MAX = 0.125
const CONTEXT = new TextEncoder().encode('confrere/evaluation-redraws/1')

/** A figure, and where it lies with 95 % certainty: the noise counts, and that only so many units were asked. */
export interface EvaluatedFigure {
  readonly value: number
  readonly low: number
  readonly high: number
}

/** A count as opened. */
export interface NoisyCount {
  readonly count: number
  /** deviation of the noise in it */
  readonly noise: number
}

/** A stream of random bytes that the counts decide on. */
export function rngOfCounts(counts: Float32Array): Rng {
  const bytes = new DataView(new ArrayBuffer(4 * counts.length))
  counts.forEach((count, at) => void bytes.setFloat32(4 * at, count, true))
  const key = sha256(CONTEXT, new Uint8Array(bytes.buffer))
  let start = 0
  return target => {
    const words = Math.ceil(target.length / 4)
    const stream = maskStream(key, { start, words })
    start += words
    target.set(new Uint8Array(stream.buffer, stream.byteOffset, target.length))
  }
}

/** Standard normal numbers, by Marsaglia's polar method. */
export function normalsOf(rng: Rng): () => number {
  const reader = new RandomReader(rng)
  const uniform = (): number => (reader.uniformUint32() + 0.5) / 2 ** 31 - 1
  let kept: number | null = null
  return () => {
    if (kept !== null) {
      const found = kept
      kept = null
      return found
    }
    for (;;) {
      const [x, y] = [uniform(), uniform()]
      const square = x * x + y * y
      if (square >= 1) continue
      const factor = Math.sqrt((-2 * Math.log(square)) / square)
      kept = y * factor
      return x * factor
    }
  }
}

/**
 * A figure of counts with its interval.
 *
 * @param figure of counts; NaN where it is not defined
 * @returns      null where it is not defined, or the noise dominates it
 */
export function figureOfCounts(
  counts: readonly NoisyCount[],
  figure: (counts: Float64Array) => number,
  { normal, least = 0 }: { readonly normal: () => number /** 0, or −1 for a coefficient */; readonly least?: number },
): EvaluatedFigure | null {
  const within = (value: number): number => Math.max(least, Math.min(1, value))
  const value = within(figure(Float64Array.from(counts, ({ count }) => count)))
  if (Number.isNaN(value)) return null
  // an empty count has been drawn from few units, not from none
  const spreads = Float64Array.from(counts, ({ count, noise }) => Math.sqrt(Math.max(count, 1) + noise * noise))
  const [withNoise, redrawn] = [new Float64Array(REDRAWS), new Float64Array(REDRAWS)]
  const [noised, drawn] = [new Float64Array(counts.length), new Float64Array(counts.length)]
  for (let redraw = 0; redraw < REDRAWS; redraw++) {
    for (let at = 0; at < counts.length; at++) {
      const [{ count, noise }, one] = [counts[at]!, normal()]
      noised[at] = count + noise * one
      drawn[at] = count + spreads[at]! * one
    }
    withNoise[redraw] = within(figure(noised))
    redrawn[redraw] = within(figure(drawn))
  }
  // NaN compares as false
  if (!(deviationOf(withNoise) <= DEVIATION_MAX)) return null
  const { low, high } = percentiles(redrawn, LEVEL)
  // too few units for most draws to define it: nothing is known of it but its value
  if (Number.isNaN(low)) return { value, low: least, high: 1 }
  return { value, low: Math.min(low, value), high: Math.max(high, value) }
}

/** Of the values that are numbers. */
function deviationOf(values: Float64Array): number {
  const defined = values.filter(value => !Number.isNaN(value))
  const mean = defined.reduce((sum, value) => sum + value, 0) / defined.length
  return Math.sqrt(defined.reduce((sum, value) => sum + (value - mean) ** 2, 0) / defined.length)
}
