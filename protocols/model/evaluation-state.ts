/**
 * What a checkpoint keeps of a study's evaluations: the scores so far, the counts of the newest and of the best one, and the
 * best model itself, so that every peer, a late one too, can go back to it without asking anybody.
 *
 * @module
 */

import { countsOf, HIDDEN, layoutOf, scoreOf, wholeCounts } from '../study/evaluation.ts'
import { SEARCH_CANDIDATES_MAX } from '../study/limits.ts'
import { roundsOf } from '../study/rounds.ts'
import { candidateIn } from '../study/search.ts'
import type { StudyDocument } from '../study/types.ts'

/** The model that scored best. */
export interface BestModel {
  readonly parameters: Float32Array
  readonly momentum: Float32Array
  readonly average: Float32Array
  /** counts of its evaluation */
  readonly counts: Float32Array
}

export interface EvaluationState {
  /** the evaluations so far, round, score, deviation and outcome of each; zeros for those to come */
  readonly curve: Float32Array
  /** evaluations so far with a result */
  readonly done: number
  /** times that the study has gone back to its best model */
  readonly returns: number
  /** which of the evaluations was best, from 1; 0 before the first one that says anything */
  readonly bestAt: number
  /** `Checkpoint.round` of the best model */
  readonly bestRound: number
  /** counts of the newest evaluation */
  readonly counts: Float32Array
  readonly best: BestModel
  /**
   * whose model this is, in studies with a search of K candidates, from 0: K and more after it, K added to that of the
   * chosen candidate, 2K where none was chosen. Null in studies without
   */
  readonly search: number | null
}

/** What an evaluation led to. */
export const EVALUATION_OUTCOMES = ['kept', 'best', 'went-back'] as const
export type EvaluationOutcome = (typeof EVALUATION_OUTCOMES)[number]

/** One evaluation. */
export interface EvaluationPoint {
  /** number of its round */
  readonly at: number
  readonly score: number
  /** of the noise; `HIDDEN` where the score says nothing */
  readonly deviation: number
  readonly outcome: EvaluationOutcome
}

/** Numbers of the curve for one evaluation. */
const POINT = 4
/** Numbers of the header: done, returns, bestAt, bestRound. */
const HEADER = 4
/** Deviations by which a fall must be outside the noise: see `EvaluationScore`. */
const FALL_DEVIATIONS = 3
/** Returns of a study after which it pauses with the next fall. */
export const RETURNS_MAX = 2

/** Names of a checkpoint's parts in studies with evaluations, in their order, the last one only with a search; see `encodeCheckpoint`. */
export const EVALUATION_PARTS = ['eval', 'coun', 'bcou', 'bpar', 'bmom', 'bave', 'sear'] as const

/** Floats of each of these parts; none in studies without evaluations. @param dimension of the model */
export function evaluationLengths(document: StudyDocument, dimension: number): number[] {
  const layout = layoutOf(document)
  if (layout === null) return []
  const head = HEADER + POINT * roundsOf(document, 'evaluation')
  const lengths = [head, layout.words, layout.words, dimension, dimension, dimension]
  return document.search === null ? lengths : [...lengths, 1]
}

/** The values of these parts. */
export function evaluationValues(state: EvaluationState): Float32Array[] {
  const { curve, done, returns, bestAt, bestRound, counts, best, search } = state
  const head = new Float32Array(HEADER + curve.length)
  head.set([done, returns, bestAt, bestRound])
  head.set(curve, HEADER)
  const values = [head, counts, best.counts, best.parameters, best.momentum, best.average]
  return search === null ? values : [...values, Float32Array.of(search)]
}

/** The state of these values; undefined where they contradict each other. */
export function evaluationOf(values: readonly Float32Array[]): EvaluationState | undefined {
  const [head, counts, bestCounts, parameters, momentum, average, searched] = values as [
    ...[Float32Array, Float32Array, Float32Array, Float32Array, Float32Array, Float32Array],
    Float32Array | undefined,
  ]
  const [done, returns, bestAt, bestRound] = head as unknown as [number, number, number, number]
  const curve = head.slice(HEADER)
  const evaluations = curve.length / POINT
  const whole = [done, returns, bestAt, bestRound].every(value => Number.isInteger(value) && value >= 0)
  if (!whole || done > evaluations || bestAt > done || returns > done) return undefined
  const search = searched?.[0] ?? null
  if (search !== null && !(Number.isInteger(search) && search >= 0 && search <= 2 * SEARCH_CANDIDATES_MAX))
    return undefined
  const outcomes = Array.from({ length: done }, (_, at) => curve[POINT * at + 3]!)
  if (outcomes.some(outcome => EVALUATION_OUTCOMES[outcome] === undefined)) return undefined
  return {
    curve,
    done,
    returns,
    bestAt,
    bestRound,
    counts,
    best: { parameters, momentum, average, counts: bestCounts },
    search,
  }
}

/** The state before the first evaluation; null in studies without. */
export function evaluationAtStart(document: StudyDocument, model: Omit<BestModel, 'counts'>): EvaluationState | null {
  const layout = layoutOf(document)
  if (layout === null) return null
  const counts = new Float32Array(layout.words)
  const curve = new Float32Array(POINT * roundsOf(document, 'evaluation'))
  const search = document.search && 0
  return { curve, done: 0, returns: 0, bestAt: 0, bestRound: 0, counts, best: { ...model, counts }, search }
}

/** The evaluations so far, the first one first. */
export function evaluationPoints({ curve, done }: Pick<EvaluationState, 'curve' | 'done'>): EvaluationPoint[] {
  return Array.from({ length: done }, (_, at) => {
    const [round, score, deviation, outcome] = curve.subarray(POINT * at, POINT * (at + 1)) as unknown as [
      ...[number, number, number, number],
    ]
    return { at: round, score, deviation, outcome: EVALUATION_OUTCOMES[outcome]! }
  })
}

/**
 * Whether a study has gone back so often that hospitals' operators have to say whether it goes on: somebody may be lying
 * in training or in the evaluations.
 */
export function isPaused({ returns }: Pick<EvaluationState, 'returns'>): boolean {
  return returns > RETURNS_MAX
}

/** A model's state that an evaluation may put back. */
interface Evaluated {
  readonly round: number
  readonly parameters: Float32Array
  readonly momentum: Float32Array
  readonly average: Float32Array
}

/** What an evaluation's sum was made with. */
export interface EvaluatedTerms {
  readonly document: StudyDocument
  /** number of the round */
  readonly round: number
  /** of the fixed point */
  readonly scale: number
  /** deviation of the noise in the sum of all hospitals, in integer units */
  readonly noise: number
}

/**
 * Enters an evaluation. The best model is kept; one whose score fell by more than the study's margin below the best one,
 * and by more than the noise of both explains, is left for the best one. Candidates of a search are only compared: none
 * of their evaluations goes back.
 *
 * @param sum   words as opened
 * @throws ProtocolError `length-mismatch`
 */
export function evaluated<Model extends Evaluated & { readonly evaluation: EvaluationState | null }>(
  model: Model,
  sum: Int32Array,
  { document, round: at, scale, noise }: EvaluatedTerms,
): Model {
  const [before, layout] = [model.evaluation, layoutOf(document)]
  if (before === null || layout === null || document.evaluation === null) return model
  const counts = countsOf(sum, scale, layout)
  const whole = wholeCounts(counts, layout, noise / scale)
  const { score, deviation } = scoreOf(whole.counts, layout, whole.noise)
  const best = before.bestAt === 0 ? null : evaluationPoints(before)[before.bestAt - 1]!
  const fall = best === null || deviation >= HIDDEN ? 0 : best.score - score
  const explained = FALL_DEVIATIONS * Math.sqrt(deviation * deviation + (best?.deviation ?? 0) * (best?.deviation ?? 0))
  const searches = candidateIn(document, at) !== null
  const goesBack = !searches && fall > document.evaluation.margin && fall > explained
  const isBest = deviation < HIDDEN && (best === null || Math.fround(score) > best.score)
  const outcome: EvaluationOutcome = goesBack ? 'went-back' : isBest ? 'best' : 'kept'
  const curve = before.curve.slice()
  curve.set([at, score, deviation, EVALUATION_OUTCOMES.indexOf(outcome)], POINT * before.done)
  const done = before.done + 1
  const { round, parameters, momentum, average } = model
  if (goesBack) {
    const { counts: _, ...back } = before.best
    const evaluation = { ...before, curve, done, counts, returns: before.returns + 1 }
    return { ...model, ...back, round: before.bestRound, evaluation }
  }
  if (!isBest) return { ...model, evaluation: { ...before, curve, done, counts } }
  const kept = { bestAt: done, bestRound: round, best: { parameters, momentum, average, counts } }
  return { ...model, evaluation: { ...before, curve, done, counts, ...kept } }
}
