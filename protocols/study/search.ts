/**
 * The search of a study: settings of the optimizer that are tried on the hospitals' own records, each for some rounds of
 * training from the first parameters and one round of evaluation after them. The one with the best certified score is
 * trained on. Every round of it is charged like any other: no sum of a search opens for less.
 *
 * @module
 */

import { ProtocolError } from '../errors.ts'
import { STATISTICS_ROUND } from './rounds.ts'
import type { SearchCandidate, StudyDocument, StudyOptimizer } from './types.ts'

type Searching = Pick<StudyDocument, 'search'>

/** Number of the search's last round, the last candidate's evaluation; that before the first training in studies without. */
export function lastSearchRound({ search }: Searching): number {
  return STATISTICS_ROUND + (search === null ? 0 : search.candidates.length * (search.rounds + 1))
}

/** The candidate whose model a round trains or evaluates, from 0; null after the search, and in studies without. */
export function candidateIn({ search }: Searching, round: number): number | null {
  if (search === null || round > lastSearchRound({ search })) return null
  return Math.max(0, Math.floor((round - STATISTICS_ROUND - 1) / (search.rounds + 1)))
}

/** A study's optimizer with the settings of a candidate; null: with its own. */
export function optimizerWith(
  { optimizer, search }: Pick<StudyDocument, 'optimizer' | 'search'>,
  candidate: number | null,
): StudyOptimizer {
  return { ...optimizer, ...(candidate !== null && search?.candidates[candidate]) }
}

/**
 * The rules of studies with a search: evaluations that judge it, a schedule that begins with it and goes on after it,
 * and candidates that differ.
 *
 * @throws ProtocolError `malformed-study`
 */
export function requireSearchTerms({ search, evaluation, schedule }: StudyDocument): void {
  if (search === null) return
  if (evaluation === null) {
    throw malformed('a search chooses by evaluations, and the study has none: it needs the term evaluation')
  }
  const { candidates, rounds } = search
  const same = candidates.findIndex((one, at) => candidates.slice(0, at).some(other => isSame(one, other)))
  if (same >= 0)
    throw malformed(`candidates: number ${same + 1} says what an earlier one says, and would be paid for twice`)
  const stretches = schedule.filter(({ kind }) => kind !== 'statistics')
  const searched = stretches.slice(0, 2 * candidates.length)
  const fits = searched.every(({ kind, rounds: some }) => kind === 'evaluation' || some === rounds)
  if (!fits || stretches.length <= 2 * candidates.length) {
    throw malformed(
      `the schedule of ${candidates.length} candidates begins with ${rounds} rounds of training and an evaluation for each, and trains on after them`,
    )
  }
}

function isSame(one: SearchCandidate, other: SearchCandidate): boolean {
  return one.learningRate === other.learningRate && one.momentum === other.momentum
}

function malformed(reason: string): ProtocolError {
  return new ProtocolError('malformed-study', `search: ${reason}`)
}
