/**
 * The bound on an opened sum: what honest contributors add is clipped, but nobody can look under a mask, so one that lies
 * could set every parameter in a single round. Before the optimizer every peer scales the sum down to a length that is
 * public. It is post-processing of a noised sum and costs no epsilon.
 *
 * The length is at most B = k·s·C·(qN + 10·√(qN))·f + σ·(√d + 10): all units that a round is expected to draw, ten
 * deviations more, pulling one way, times the study's `influence` f, and the noise of all hospitals. From the eleventh round
 * of training on it is at most four medians of the last ten lengths as well, and at least what noise alone may have. The
 * lengths are in the checkpoint, so that a late peer goes on with the same bound.
 *
 * What it gives: one round moves the parameters by at most four usual rounds. A liar in every round still ramps up to B,
 * within about eleven rounds: going back to the best evaluation, and leaving it out, are the remedies.
 *
 * Computed with + − × ÷ and square root in a fixed order: the same at every peer.
 *
 * @module
 */

import { SAMPLE_RATE_ONE } from '../study/limits.ts'
import type { SumPlan } from '../study/noise/mode.ts'
import { noiseInSum } from '../study/noise/noised-sums.ts'
import { statisticsShape } from '../study/normalisation-kinds.ts'
import type { StudyDocument } from '../study/types.ts'

/** Lengths that a checkpoint keeps. */
const NORMS_KEPT = 10
/** Medians of them that a round may have. */
const MEDIANS_MAX = 4
/** Deviations, of what is drawn and of the noise's length. */
const DEVIATIONS = 10
/** A place that no round has filled. */
const NO_NORM = -1

/** Numbers that a checkpoint keeps: how often the bound has acted, and the last lengths. 0 in studies without a bound. */
export function influenceLength({ influence }: Pick<StudyDocument, 'influence'>): number {
  return influence === null ? 0 : 1 + NORMS_KEPT
}

/** Before the first round; empty in studies without a bound. */
export function influenceAtStart(document: Pick<StudyDocument, 'influence'>): Float32Array {
  const values = new Float32Array(influenceLength(document)).fill(NO_NORM)
  if (values.length > 0) values[0] = 0
  return values
}

/** Rounds of training whose sum was scaled down. */
export function timesBounded(influence: Float32Array): number {
  return influence[0] ?? 0
}

/** What a kind of round adds up, for its bound. */
export interface InfluenceTerms {
  readonly document: StudyDocument
  readonly sum: SumPlan
  readonly kind: 'training' | 'statistics'
}

/** B, in words. Infinite in studies without a bound. */
export function influenceMax({ document, sum, kind }: InfluenceTerms): number {
  const { influence, privacy, units, hospitals } = document
  if (influence === null) return Infinity
  const norm = kind === 'training' ? privacy.clippingNorm : (statisticsShape(document)?.norm ?? 0)
  const drawn = (sum.sampleRate / SAMPLE_RATE_ONE) * units
  const pull = sum.steps * sum.fixedPoint.scale * norm * (drawn + DEVIATIONS * Math.sqrt(drawn)) * influence
  return pull + noiseMax({ document, sum }, hospitals.length)
}

/** The length that the noise of so many hospitals has at most, in words. */
function noiseMax({ document, sum }: Pick<InfluenceTerms, 'document' | 'sum'>, hospitals: number): number {
  return noiseInSum(document.privacy, sum, hospitals) * (Math.sqrt(sum.dimension) + DEVIATIONS)
}

/** A sum with the factor that it is scaled down by, and what the checkpoint keeps then. */
export interface Bounded {
  /** 1 where the bound did not act */
  readonly factor: number
  readonly influence: Float32Array
}

/**
 * Bounds the sum of a round of training.
 *
 * @param words as opened
 * @param kept  of the checkpoint before
 */
export function bounded(words: Int32Array, kept: Float32Array, terms: Omit<InfluenceTerms, 'kind'>): Bounded {
  if (terms.document.influence === null) return { factor: 1, influence: kept }
  const norm = lengthOf(words)
  const most = lengthMax(kept.subarray(1), { ...terms, kind: 'training' })
  const acts = norm > most
  const next = new Float32Array(kept.length)
  next[0] = kept[0]! + (acts ? 1 : 0)
  next.set(kept.subarray(2), 1)
  next[NORMS_KEPT] = acts ? most : norm
  return { factor: acts ? most / norm : 1, influence: next }
}

/** The factor of a round of statistics. */
export function statisticsFactor(words: Int32Array, terms: Omit<InfluenceTerms, 'kind'>): number {
  const most = influenceMax({ ...terms, kind: 'statistics' })
  const norm = lengthOf(words)
  return norm > most ? most / norm : 1
}

function lengthMax(norms: Float32Array, terms: InfluenceTerms): number {
  const most = influenceMax(terms)
  if (norms.includes(NO_NORM)) return most
  const sorted = norms.toSorted()
  const median = (sorted[NORMS_KEPT / 2 - 1]! + sorted[NORMS_KEPT / 2]!) / 2
  // without noise rounds may have been empty
  if (median === 0) return most
  return Math.min(most, Math.max(noiseMax(terms, terms.document.hospitals.length), MEDIANS_MAX * median))
}

/** The Euclidean length of a sum, in words. */
function lengthOf(words: Int32Array): number {
  let squares = 0
  for (let i = 0; i < words.length; i++) squares += words[i]! * words[i]!
  return Math.sqrt(squares)
}
