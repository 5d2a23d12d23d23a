/**
 * What to expect of a study's evaluations before anything is spent: how far the noise and the bins take a score from the
 * exact one, and how many bins are best.
 *
 * Nobody knows the scores beforehand, so they are taken from a model of AUC 0.9 in every class: a normal score in each
 * class, and probabilities as Bayes' rule gives them, with classes of one size.
 *
 * @module
 */

import { logNormal, normalQuantile } from '../../crypto/accounting/normal.ts'
import { areaOf, edgeOf } from '../../protocols/study/evaluation.ts'
import { EVALUATION_BINS_MAX, EVALUATION_BINS_MIN, UNITS_MAX } from '../../protocols/study/limits.ts'
import { samplingDeviation } from '../training/sampling-deviation.ts'

/** The AUC of the model that is assumed. */
const AREA_ASSUMED = 0.9
/** What a number of units is asked for: see `unitsFor`. */
export const DEVIATION_WANTED = 0.01

/** What an evaluation is made of. */
export interface EvaluationTerms {
  /** K */
  readonly classes: number
  /** nominal number of units that are held back */
  readonly units: number
  /** deviation of the noise in one count, all hospitals contributing */
  readonly noise: number
}

/** How far a score is from that of all scores in one place, as one standard deviation. */
export interface ExpectedDeviation {
  readonly bins: number
  /** by the noise; 1 where it hides everything */
  readonly noise: number
  /** by the bins: units in one bin count as ties */
  readonly binning: number
  /** both */
  readonly total: number
  /** of the exact score itself, because only so many units were asked (Hanley and McNeil, 1982) */
  readonly sampling: number
}

/** What to expect with so many bins. */
export function expectedDeviation({ classes, units, noise }: EvaluationTerms, bins: number): ExpectedDeviation {
  const rest = classes === 2 ? 1 : classes - 1
  const positives = units / classes
  const negatives = units - positives
  const masses = massesOf(1 / classes, bins)
  const found = areaOf(
    {
      positive: masses.positive.map(mass => mass * positives),
      negative: masses.negative.map(mass => mass * negatives),
    },
    { noise, rest },
  )
  const sampling = samplingDeviation(AREA_ASSUMED, positives, negatives)
  if (found === null) return { bins, noise: 1, binning: 0, total: 1, sampling }
  // a macro mean adds up scores with noise of their own
  const ofNoise = Math.sqrt(found.variance / (classes === 2 ? 1 : classes))
  const binning = Math.abs(found.area - AREA_ASSUMED)
  return { bins, noise: ofNoise, binning, total: Math.hypot(ofNoise, binning), sampling }
}

/** The number of bins with the least deviation. */
export function bestBins(terms: EvaluationTerms): ExpectedDeviation {
  let best = expectedDeviation(terms, EVALUATION_BINS_MIN)
  for (let bins = EVALUATION_BINS_MIN + 1; bins <= EVALUATION_BINS_MAX; bins++) {
    const next = expectedDeviation(terms, bins)
    if (next.total < best.total) best = next
  }
  return best
}

/** The fewest units, to about a tenth, whose score is expected to be within a deviation; null where no number is. */
export function unitsFor(deviation: number, terms: Omit<EvaluationTerms, 'units'>): number | null {
  for (let units = 10; units <= UNITS_MAX; units = Math.ceil(units * 1.1)) {
    if (bestBins({ ...terms, units }).total <= deviation) return units
  }
  return null
}

/** Parts of the positives and of the negatives in each bin of the probability. */
function massesOf(prior: number, bins: number): { positive: Float64Array; negative: Float64Array } {
  const distance = Math.SQRT2 * normalQuantile(AREA_ASSUMED)
  const below = (bin: number, mean: number): number => {
    if (bin === 0) return 0
    if (bin === bins) return 1
    const edge = edgeOf(bin, bins)
    const odds = edge / (1 - edge)
    // the score at which Bayes' rule gives this probability
    const score = (Math.log(odds * ((1 - prior) / prior)) + distance ** 2 / 2) / distance
    return Math.exp(logNormal(score - mean))
  }
  const masses = (mean: number): Float64Array =>
    Float64Array.from({ length: bins }, (_, bin) => below(bin + 1, mean) - below(bin, mean))
  return { positive: masses(distance), negative: masses(0) }
}
