/**
 * Questions to openings of sums of no records, which are noise and nothing else: is it of the right size and shape at every
 * word, and has it anything in common with itself?
 *
 * @module
 */

import { createFourierPlan } from '../../crypto/accounting/fourier.ts'
import { deviationsMax, meanSquareRange } from './chance.ts'

/** Openings of one dimension, and the deviation that their words should have. */
export interface Openings {
  readonly sums: readonly Int32Array[]
  readonly deviation: number
}

/** What is wrong, or null, with what was measured. */
export interface Finding {
  readonly wrong: string | null
  readonly measured: string
}

/** Asks one question after the other; the first that finds something decides. */
export function firstWrong(...questions: (() => Finding)[]): Finding {
  const measured: string[] = []
  for (const question of questions) {
    const finding = question()
    if (finding.wrong !== null) return finding
    measured.push(finding.measured)
  }
  return { wrong: null, measured: measured.join('; ') }
}

/** Is the deviation of all words together what it should be, as finely as their number tells? */
export function sizeOfAll({ sums, deviation }: Openings, tolerance: number): Finding {
  const squares = sums.reduce((total, sum) => total + squareSum(sum), 0)
  const words = sums.reduce((total, sum) => total + sum.length, 0)
  const ratio = Math.sqrt(squares / words) / deviation
  const { low, high } = meanSquareRange(words)
  const reach = Math.max(1 - Math.sqrt(low), Math.sqrt(high) - 1)
  if (reach > tolerance) throw new Error(`${words} words tell sizes to within ${reach}, not ${tolerance}`)
  const measured = `σ is ${ratio.toFixed(5)} of what it should be, ±${(100 * reach).toFixed(2)} % by chance`
  return {
    wrong: ratio ** 2 < low || ratio ** 2 > high ? `the noise is of another size: ${measured}` : null,
    measured,
  }
}

function squareSum(sum: Int32Array): number {
  let total = 0
  for (let at = 0; at < sum.length; at++) total += sum[at]! * sum[at]!
  return total
}

/** Sizes of groups of neighbours, and strides of words that lie apart; 1 is every word by itself. */
const SPANS = [1, 2, 3, 4, 7, 8, 16, 32, 64, 100, 128, 256, 512, 1000, 1024, 2048, 4096]

/**
 * Has every word noise, and every regular group of words noise of the right size? Groups are runs of neighbours and words
 * at equal distances.
 */
export function sizeOfEach({ sums, deviation }: Openings): Finding {
  const dimension = sums[0]!.length
  const squares = new Float64Array(dimension)
  for (const sum of sums) for (let at = 0; at < dimension; at++) squares[at]! += (sum[at]! / deviation) ** 2
  const groups = SPANS.reduce((count, span) => count + Math.ceil(dimension / span) + span, 0)
  const ranges = new Map<number, { low: number; high: number }>()
  for (const span of SPANS) {
    const runs = Math.ceil(dimension / span)
    for (const [kind, count, groupOf] of [
      ['words in a row', runs, (at: number) => Math.floor(at / span)],
      ['words apart', span, (at: number) => at % span],
    ] as const) {
      const [totals, sizes] = [new Float64Array(count), new Float64Array(count)]
      for (let at = 0; at < dimension; at++) {
        totals[groupOf(at)]! += squares[at]!
        sizes[groupOf(at)]! += 1
      }
      for (let group = 0; group < count; group++) {
        const samples = sizes[group]! * sums.length
        const range = ranges.get(samples) ?? meanSquareRange(samples, groups)
        ranges.set(samples, range)
        const mean = totals[group]! / samples
        if (mean >= range.low && mean <= range.high) continue
        const size = `σ is ${Math.sqrt(mean).toFixed(3)} of what it should be`
        return { wrong: `the noise of group ${group} of ${span} ${kind}: ${size}`, measured: size }
      }
    }
  }
  return { wrong: null, measured: `${groups} groups of words in order` }
}

const CELLS = 40

/** Is it a normal law? Asks the counts of forty cells that are equally likely, by χ². */
export function shapeOf({ sums, deviation }: Openings): Finding {
  const counts = new Float64Array(CELLS)
  let words = 0
  for (const sum of sums) {
    words += sum.length
    for (const word of sum) {
      const quantile = 0.5 * (1 + erf(word / deviation / Math.SQRT2))
      counts[Math.min(CELLS - 1, Math.floor(quantile * CELLS))]! += 1
    }
  }
  const expected = words / CELLS
  const chi = counts.reduce((total, count) => total + (count - expected) ** 2 / expected, 0)
  const measured = `the shape is ${chi.toFixed(0)} off, about ${CELLS - 1} by chance`
  const { high } = meanSquareRange(CELLS - 1)
  return { wrong: chi > high * (CELLS - 1) ? `the noise is of another shape: ${measured}` : null, measured }
}

/** Abramowitz-Stegun 7.1.26, good to 1.5e-7: cells of 50 000 do not see that. */
function erf(x: number): number {
  const t = 1 / (1 + 0.3275911 * Math.abs(x))
  const series = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t
  return Math.sign(x) * (1 - series * Math.exp(-x * x))
}

/** Is the noise of any two openings correlated? */
export function openingsAlike({ sums, deviation }: Openings): Finding {
  const unit = deviation * deviation * Math.sqrt(sums[0]!.length)
  const limit = deviationsMax((sums.length * (sums.length - 1)) / 2)
  let worst = 0
  for (let first = 0; first < sums.length; first++) {
    for (let second = first + 1; second < sums.length; second++) {
      const off = Math.abs(correlation(sums[first]!, sums[second]!)) / unit
      worst = Math.max(worst, off)
      if (!(off <= limit)) {
        const measured = `openings ${first} and ${second} are ${off.toFixed(1)} deviations off`
        return { wrong: `noises are alike: ${measured}`, measured }
      }
    }
  }
  return { wrong: null, measured: `openings ${worst.toFixed(1)} deviations off` }
}

function correlation(a: Int32Array, b: Int32Array): number {
  let total = 0
  for (let at = 0; at < a.length; at++) total += a[at]! * b[at]!
  return total
}

/** Openings in which two words of the same size are no chance: three of a million values each. */
const TELLING = 3

/** Do two words have the same noise, or opposite noise, in some openings at a time? */
export function wordsAlike({ sums }: Openings): Finding {
  for (let start = 0; start + TELLING <= sums.length; start += TELLING) {
    const known = new Map<string, number>()
    for (let at = 0; at < sums[0]!.length; at++) {
      const values = sums.slice(start, start + TELLING).map(sum => sum[at]!)
      const sign = Math.sign(values.find(value => value !== 0) ?? 1)
      const key = values.map(value => value * sign).join()
      const before = known.get(key)
      if (before !== undefined) {
        const measured = `words ${before} and ${at} are the same in openings ${start} to ${start + TELLING - 1}`
        return { wrong: `noises are alike: ${measured}`, measured }
      }
      known.set(key, at)
    }
  }
  return { wrong: null, measured: 'no two words the same' }
}

/** Lags of which too few pairs are there for a normal law are left out. */
const LAG_PAIRS_MIN = 20_000

/** Is the noise of words at any one distance from each other correlated? */
export function distancesAlike({ sums, deviation }: Openings): Finding {
  const dimension = sums[0]!.length
  const sequence = autocorrelation(sums)
  const limit = deviationsMax(dimension)
  let worst = 0
  for (let lag = 1; (dimension - lag) * sums.length >= LAG_PAIRS_MIN; lag++) {
    const off = Math.abs(sequence[lag]!) / (deviation ** 2 * Math.sqrt((dimension - lag) * sums.length))
    worst = Math.max(worst, off)
    if (!(off <= limit)) {
      const measured = `words at a distance of ${lag} are ${off.toFixed(1)} deviations off`
      return { wrong: `noises are alike: ${measured}`, measured }
    }
  }
  return { wrong: null, measured: `distances ${worst.toFixed(1)} deviations off` }
}

/** Σ over all openings and words of w[i]·w[i + lag], by Fourier transform, two openings at a time. */
function autocorrelation(sums: readonly Int32Array[]): Float64Array {
  const dimension = sums[0]!.length
  const points = 2 ** Math.ceil(Math.log2(2 * dimension))
  const plan = createFourierPlan(points)
  const [power, sequence, spectrum] = [0, 1, 2].map(() => new Float64Array(2 * points)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ]
  for (let first = 0; first < sums.length; first += 2) {
    sequence.fill(0)
    for (let at = 0; at < dimension; at++) {
      sequence[2 * at] = sums[first]![at]!
      sequence[2 * at + 1] = sums[first + 1]?.[at] ?? 0
    }
    plan.transform(spectrum, sequence)
    for (let at = 0; at < spectrum.length; at += 2) power[at]! += spectrum[at]! ** 2 + spectrum[at + 1]! ** 2
  }
  plan.inverseTransform(sequence, power)
  // the real parts: imaginary ones hold what two openings that went together have in common
  return Float64Array.from({ length: dimension }, (_, lag) => sequence[2 * lag]!)
}
