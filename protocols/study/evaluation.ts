/**
 * What a round of evaluation adds up, and what is read off the sum: how well the model tells the classes apart on the
 * units that hospitals hold back.
 *
 * For every class c the score of c falls into one of B bins (`binOf`), counted by true label; of two classes the second
 * one's score alone. For three classes or more the predicted class is counted by true label besides. A unit adds 1, shared
 * out over its records: so it moves the counts by at most 1 of two classes, and by √(K + 1) of K.
 *
 * Where records are counted in groups, each adds to the counts of its own, so the bound stays; peers act on the sum of all
 * groups, whose noise is √groups as large.
 *
 * The score that peers act on uses + − × ÷ and square root only, in a fixed order, so it is the same at every peer.
 *
 * @module
 */

import { ProtocolError } from '../errors.ts'
import { studySubgroups } from './subgroups.ts'
import type { StudyDocument } from './types.ts'

type Evaluated = Pick<StudyDocument, 'contract' | 'evaluation'>

/** Where the counts of an evaluation stand in its sum. */
export interface EvaluationLayout {
  /** K */
  readonly classes: number
  /** B */
  readonly bins: number
  /** classes whose score is counted: the second of two, or all */
  readonly scored: readonly number[]
  /** words of one group */
  readonly dimension: number
  /** groups whose counts stand one after the other, see `studySubgroups`; 1: all units together */
  readonly groups: number
  /** words of all groups */
  readonly words: number
  /** place of a bin of a class's score, by true label */
  readonly binAt: (scored: number, label: number, bin: number) => number
  /** place of a predicted class by true label; null where the scores say it */
  readonly predictionAt: ((label: number, predicted: number) => number) | null
}

/** The layout of K classes and B bins. Places are those in the counts of one group. */
export function evaluationLayout(classes: number, bins: number, groups = 1): EvaluationLayout {
  const scored = classes === 2 ? [1] : Array.from({ length: classes }, (_, index) => index)
  const histograms = scored.length * classes * bins
  const binAt = (at: number, label: number, bin: number): number =>
    ((classes === 2 ? 0 : at) * classes + label) * bins + bin
  const words = (dimension: number) => ({ dimension, groups, words: groups * dimension })
  if (classes === 2) return { classes, bins, scored, ...words(histograms), binAt, predictionAt: null }
  const predictionAt = (label: number, predicted: number): number => histograms + label * classes + predicted
  return { classes, bins, scored, ...words(histograms + classes * classes), binAt, predictionAt }
}

/** The layout of a study's evaluations; null in studies without. */
export function layoutOf(document: Evaluated): EvaluationLayout | null {
  const { contract, evaluation } = document
  if (!evaluation) return null
  return evaluationLayout(contract.classes.length, evaluation.bins, studySubgroups(document)?.names.length)
}

/** The largest Euclidean norm of what one unit adds. */
export function evaluationNorm(classes: number): number {
  return classes === 2 ? 1 : Math.sqrt(classes + 1)
}

/**
 * The bin of a probability, 0 to B − 1. Bins are of one width in arcsin √p, so narrow near 0 and 1, where a model that
 * tells the classes apart puts most of its scores: of one width in p, most records would tie.
 */
export function binOf(probability: number, bins: number): number {
  const turned = (2 / Math.PI) * Math.asin(Math.sqrt(Math.max(0, Math.min(1, probability))))
  return Math.min(bins - 1, Math.floor(turned * bins))
}

/** The probability at which a bin begins; that of B is 1. */
export function edgeOf(bin: number, bins: number): number {
  return Math.sin((Math.PI / 2) * (bin / bins)) ** 2
}

/**
 * Counts from an opened sum: units, with noise, so some may be below 0.
 *
 * @param sum   words as opened
 * @param scale integer units per unit, of the fixed point
 * @throws ProtocolError `length-mismatch`
 */
export function countsOf(sum: Int32Array, scale: number, { words }: EvaluationLayout): Float32Array {
  if (sum.length !== words) {
    throw new ProtocolError('length-mismatch', `The sum has ${sum.length} words, not the ${words} of an evaluation`)
  }
  return Float32Array.from(sum, word => word / scale)
}

/** The counts of one group. */
export function countsOfGroup(counts: Float32Array, { dimension }: EvaluationLayout, group: number): Float32Array {
  return counts.subarray(group * dimension, (group + 1) * dimension)
}

/** Counts of all units together, and the noise in each of them. */
export interface WholeCounts {
  readonly counts: Float32Array
  readonly noise: number
}

/** Adds up the groups' counts, and with them their noise. @param noise deviation of the noise in a count of one group */
export function wholeCounts(counts: Float32Array, layout: EvaluationLayout, noise: number): WholeCounts {
  const { groups, dimension } = layout
  if (groups === 1) return { counts, noise }
  const whole = new Float32Array(dimension)
  for (let at = 0; at < dimension; at++) {
    let sum = 0
    for (let group = 0; group < groups; group++) sum += counts[group * dimension + at]!
    whole[at] = sum
  }
  return { counts: whole, noise: noise * Math.sqrt(groups) }
}

/** The histograms of one class against the rest, bin by bin from low to high scores. */
export interface OneAgainstRest {
  readonly positive: Float64Array
  readonly negative: Float64Array
}

/** One class against the rest, from an evaluation's counts. */
export function oneAgainstRest(counts: Float32Array, layout: EvaluationLayout, scored: number): OneAgainstRest {
  const { bins, classes, binAt } = layout
  const [positive, negative] = [new Float64Array(bins), new Float64Array(bins)]
  for (let label = 0; label < classes; label++) {
    const into = label === scored ? positive : negative
    for (let bin = 0; bin < bins; bin++) into[bin]! += counts[binAt(scored, label, bin)]!
  }
  return { positive, negative }
}

/** An area under the ROC curve, and the variance that the noise alone gives it. */
export interface NoisyArea {
  readonly area: number
  readonly variance: number
}

/** Deviations of the noise by which a class must stand out, or nothing can be said of it. */
const HIDDEN_DEVIATIONS = 2

/**
 * The area under the ROC curve of histograms; ties within a bin count half.
 *
 * @param noise    deviation of the noise in a count
 * @param rest     classes that `negative` adds up
 * @returns        null where the noise hides one of the two sides
 */
export function areaOf(
  { positive, negative }: OneAgainstRest,
  { noise, rest }: { readonly noise: number; readonly rest: number },
): NoisyArea | null {
  const total = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0)
  const [positives, negatives] = [total(positive), total(negative)]
  const noiseOf = (many: number): number => noise * Math.sqrt(many * positive.length)
  if (positives < Math.max(1, HIDDEN_DEVIATIONS * noiseOf(1))) return null
  if (negatives < Math.max(1, HIDDEN_DEVIATIONS * noiseOf(rest))) return null
  const below = placesBelow(negative, negatives)
  const above = placesBelow(positive, positives).map(place => 1 - place)
  let area = 0
  for (let bin = 0; bin < positive.length; bin++) area += (positive[bin]! / positives) * below[bin]!
  let variance = 0
  for (let bin = 0; bin < positive.length; bin++) {
    const byPositive = (below[bin]! - area) / positives
    const byNegative = (above[bin]! - area) / negatives
    variance += noise * noise * (byPositive * byPositive + rest * byNegative * byNegative)
  }
  return { area: Math.max(0, Math.min(1, area)), variance }
}

/** For each bin the part of a histogram that lies below it, its own bin half. */
function placesBelow(values: Float64Array, total: number): Float64Array {
  let before = 0
  return values.map(value => {
    const place = (before + value / 2) / total
    before += value
    return place
  })
}

/** How good a model is: the area under the ROC curve, of three classes or more their mean, each against the rest. */
export interface EvaluationScore {
  /** 0 to 1; ½ where the noise hides it */
  readonly score: number
  /** deviation that the noise gives it; `HIDDEN` where nothing can be said */
  readonly deviation: number
}

/** The deviation of a score that says nothing. */
export const HIDDEN = 1

/**
 * The score of an evaluation.
 *
 * @param counts of all units together, or of one group
 * @param noise  deviation of the noise in a count
 */
export function scoreOf(counts: Float32Array, layout: EvaluationLayout, noise: number): EvaluationScore {
  const { scored, classes } = layout
  const areas = scored.map(one =>
    areaOf(oneAgainstRest(counts, layout, one), { noise, rest: classes === 2 ? 1 : classes - 1 }),
  )
  const shown = areas.filter(area => area !== null)
  if (shown.length < areas.length) return { score: 0.5, deviation: HIDDEN }
  const score = shown.reduce((sum, { area }) => sum + area, 0) / shown.length
  const variance = shown.reduce((sum, { variance }) => sum + variance, 0) / (shown.length * shown.length)
  return { score, deviation: Math.min(HIDDEN, Math.sqrt(variance)) }
}
