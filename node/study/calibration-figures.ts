/**
 * Whether the probabilities of a class are what they say, from an evaluation's histograms. The mean of the scores in a bin
 * is not known, so the bin's middle stands for it.
 *
 * @module
 */

import { edgeOf, type OneAgainstRest } from '../../protocols/study/evaluation.ts'
import { type EvaluatedFigure, figureOfCounts, REDRAWS } from './count-redraws.ts'
import { type Noised, partOf } from './decision-figures.ts'

/** Where the noise alone makes a larger calibration error than this of a perfect model, the error is not shown. */
const NOISE_ERROR_MAX = 0.1
const TAIL = 0.025
/** Halvings of an interval, to some four digits. */
const HALVINGS = 14

/** Units whose score for a class falls into one bin. */
export interface ReliabilityShare {
  /** probability at which the bin begins */
  readonly from: number
  readonly to: number
  /** what stands for the scores in it */
  readonly middle: number
  /** part of the units that are of the class */
  readonly observed: EvaluatedFigure | null
}

export interface CalibrationFigures {
  /** expected calibration error: mean distance of `middle` and the part of the class, each bin by its units */
  readonly calibrationError: EvaluatedFigure | null
  readonly reliability: readonly ReliabilityShare[]
}

/** The probability that stands for the scores in a bin: the middle of its scale, see `binOf`. */
export function middleOf(bin: number, bins: number): number {
  return edgeOf(bin + 0.5, bins)
}

/** @param rest classes that the other side adds up */
export function calibrationFigures(
  sides: OneAgainstRest,
  noised: Noised & { readonly rest: number },
): CalibrationFigures {
  const { positive, negative } = sides
  const { noise, rest, normal } = noised
  const bins = positive.length
  const reliability = Array.from(positive, (count, bin) => {
    const cells = [
      { count, noise },
      { count: negative[bin]!, noise: noise * Math.sqrt(rest) },
    ]
    const [from, to, middle] = [edgeOf(bin, bins), edgeOf(bin + 1, bins), middleOf(bin, bins)]
    return { from, to, middle, observed: figureOfCounts(cells, partOf, { normal }) }
  })
  return { calibrationError: errorOf(sides, noised), reliability }
}

/**
 * The calibration error. Noise adds to it in every bin, whatever its sign, so the sum of the noised distances is too large.
 * Asked is therefore by which factor the distances must be made smaller, or larger, so that noise on top of them gives
 * what was found: in the median for the value, at 2.5 % and 97.5 % for the interval.
 */
function errorOf(
  { positive, negative }: OneAgainstRest,
  { noise, rest, normal }: Noised & { readonly rest: number },
): EvaluatedFigure | null {
  const bins = positive.length
  const units = [...positive, ...negative].reduce((sum, count) => sum + count, 0)
  if (units < Math.max(1, 2 * noise * Math.sqrt(bins * (1 + rest)))) return null
  const middles = Array.from(positive, (_, bin) => middleOf(bin, bins))
  const apart = middles.map((middle, bin) => (1 - middle) * positive[bin]! - middle * negative[bin]!)
  const byNoise = middles.map(middle => noise * Math.sqrt((1 - middle) ** 2 + rest * middle ** 2))
  const byBoth = middles.map((middle, bin) => {
    const drawn = Math.max(0, positive[bin]!) * (1 - middle) ** 2 + Math.max(0, negative[bin]!) * middle ** 2
    return Math.sqrt(byNoise[bin]! ** 2 + drawn)
  })
  const draws = Array.from({ length: REDRAWS }, () => Float64Array.from(apart, normal))
  const [noisy, both] = [byNoise, byBoth].map(spreads => new Distances(apart, { spreads, draws })) as [
    Distances,
    Distances,
  ]
  if (noisy.total(0, 0.5) > NOISE_ERROR_MAX * units) return null
  const [value, low, high] = [
    noise === 0 ? noisy.found : noisy.without(0.5),
    Math.min(noisy.without(1 - TAIL), both.without(1 - TAIL)),
    Math.max(noisy.without(TAIL), both.without(TAIL)),
  ].map(one => Math.min(1, one / units)) as [number, number, number]
  return { value, low: Math.min(low, value), high: Math.max(high, value) }
}

/** The sum of the distances of all bins, and what draws on top make of it. */
class Distances {
  readonly #apart: readonly number[]
  readonly #spreads: readonly number[]
  readonly #draws: readonly Float64Array[]
  /** the sum as it is */
  readonly found: number

  constructor(
    apart: readonly number[],
    { spreads, draws }: { spreads: readonly number[]; draws: readonly Float64Array[] },
  ) {
    this.#apart = apart
    this.#spreads = spreads
    this.#draws = draws
    this.found = apart.reduce((sum, one) => sum + Math.abs(one), 0)
  }

  /** What the sum stays below in this share of the draws, if the distances were `factor` times as large. */
  total(factor: number, share: number): number {
    const sums = Float64Array.from(this.#draws, draw => {
      let sum = 0
      for (let bin = 0; bin < draw.length; bin++) {
        sum += Math.abs(factor * this.#apart[bin]! + this.#spreads[bin]! * draw[bin]!)
      }
      return sum
    }).sort()
    return sums[Math.round(share * (sums.length - 1))]!
  }

  /** The sum without the draws: that of which `found` is just what the sum with them stays below in this share. */
  without(share: number): number {
    if (this.found === 0) return share < 0.5 ? this.total(0, 1 - share) : 0
    if (this.total(0, share) >= this.found) return 0
    let [least, most] = [0, 1]
    while (this.total(most, share) < this.found) most *= 2
    for (let halving = 0; halving < HALVINGS; halving++) {
      const middle = (least + most) / 2
      if (this.total(middle, share) < this.found) least = middle
      else most = middle
    }
    return this.found * most
  }
}
