/** The [search] of a study spec: candidates of the optimizer, of which the study itself chooses one. @module */

import { z } from 'zod'
import { ProtocolError } from '../../protocols/errors.ts'
import { SEARCH_CANDIDATES_MAX, SEARCH_CANDIDATES_MIN } from '../../protocols/study/limits.ts'
import { SEARCH_SCHEMA } from '../../protocols/study/schema.ts'
import type { StudyOptimizer, StudySearch } from '../../protocols/study/types.ts'

const CANDIDATE = SEARCH_SCHEMA.shape.candidates.element

export const SEARCH_SPEC_SCHEMA = z.strictObject({
  /** momentum absent: that of the optimizer */
  candidates: z
    .array(CANDIDATE.extend({ momentum: CANDIDATE.shape.momentum.optional() }))
    .min(SEARCH_CANDIDATES_MIN)
    .max(SEARCH_CANDIDATES_MAX),
  /** of training for each */
  rounds: SEARCH_SCHEMA.shape.rounds,
})

export interface SearchSpec {
  readonly rounds: number
  readonly search?: z.output<typeof SEARCH_SPEC_SCHEMA> | undefined
  readonly optimizer: StudyOptimizer
}

/** The search of a spec's study; null without. */
export function searchOfSpec({ search, optimizer }: Pick<SearchSpec, 'search' | 'optimizer'>): StudySearch | null {
  if (search === undefined) return null
  const { candidates, rounds } = search
  const { momentum } = optimizer
  return {
    candidates: candidates.map(one => ({ learningRate: one.learningRate, momentum: one.momentum ?? momentum })),
    rounds,
  }
}

/** Rounds of training that a search adds: those of the candidates that are not chosen. */
export function roundsInVain({ search }: Pick<SearchSpec, 'search'>): number {
  return search === undefined ? 0 : (search.candidates.length - 1) * search.rounds
}

/** Refuses a search that leaves nothing to train afterwards. @throws ProtocolError `malformed-study` */
export function requireRoundsLeft({ rounds, search }: Pick<SearchSpec, 'search' | 'rounds'>): void {
  if (search === undefined || search.rounds < rounds) return
  throw new ProtocolError(
    'malformed-study',
    `search.rounds: ${search.rounds} of the ${rounds} rounds of the study leave none to train the chosen candidate on; say fewer there, or more in rounds`,
  )
}
