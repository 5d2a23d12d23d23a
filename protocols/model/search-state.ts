/**
 * Where a study's search stands, from its checkpoint alone: every peer, a late one too, tries the same candidates from
 * the same parameters, and chooses the same one.
 *
 * The choice is post-processing of certified counts, by + − × ÷ and comparison: see `scoreOf`.
 *
 * @module
 */

import { candidateIn, optimizerWith } from '../study/search.ts'
import type { StudyDocument, StudyOptimizer } from '../study/types.ts'
import { type Checkpoint, initialCheckpoint } from './checkpoint.ts'
import { type EvaluationPoint, type EvaluationState, evaluationPoints } from './evaluation-state.ts'

/** What a search has shown so far. */
export interface SearchSeen {
  /** the candidate whose model this is; null after the search */
  readonly running: number | null
  /** the candidate that was chosen; null before the end, and where no evaluation said anything */
  readonly chosen: number | null
  /** the evaluation of each candidate; null where it is still to come, or came to nothing */
  readonly points: readonly (EvaluationPoint | null)[]
}

/** The search of a study, as its evaluations say; null in studies without. */
export function searchSeen(document: StudyDocument, state: EvaluationState): SearchSeen | null {
  const { search } = document
  if (search === null || state.search === null) return null
  const many = search.candidates.length
  const points = evaluationPoints(state)
  return {
    running: state.search < many ? state.search : null,
    chosen: state.search < many || state.search === 2 * many ? null : state.search - many,
    points: search.candidates.map((_, at) => points.find(point => candidateIn(document, point.at) === at) ?? null),
  }
}

/** The optimizer of a checkpoint's model: that of its candidate, or of the chosen one. */
export function optimizerOf(document: StudyDocument, { evaluation }: Pick<Checkpoint, 'evaluation'>): StudyOptimizer {
  const seen = evaluation && searchSeen(document, evaluation)
  return seen === null ? document.optimizer : optimizerWith(document, seen.running ?? seen.chosen)
}

/**
 * The checkpoint that a round begins with: in the first round of a candidate the first parameters, after the search the
 * model of the best candidate as it was evaluated, else the checkpoint as it is. Whatever rounds came to nothing before,
 * it is the same.
 *
 * @param checkpoint of the round before
 */
export function beginningOf(document: StudyDocument, checkpoint: Checkpoint, round: number): Checkpoint {
  const { evaluation } = checkpoint
  if (document.search === null || evaluation === null || evaluation.search === null) return checkpoint
  const many = document.search.candidates.length
  const candidate = candidateIn(document, round)
  if (candidate === evaluation.search || (candidate === null && evaluation.search >= many)) return checkpoint
  if (candidate !== null) return fromTheStart(document, checkpoint, { ...evaluation, search: candidate })
  const best = evaluationPoints(evaluation)[evaluation.bestAt - 1]
  if (best === undefined) return fromTheStart(document, checkpoint, { ...evaluation, search: 2 * many })
  const { counts: _, ...model } = evaluation.best
  const search = many + candidateIn(document, best.at)!
  return { ...checkpoint, ...model, round: evaluation.bestRound, evaluation: { ...evaluation, search } }
}

function fromTheStart(document: StudyDocument, checkpoint: Checkpoint, evaluation: EvaluationState): Checkpoint {
  const { round, parameters, momentum, average } = initialCheckpoint(document)
  return { ...checkpoint, round, parameters, momentum, average, evaluation }
}
