/** What the interface shows of a study's search. @module */

import { searchSeen } from '../../../protocols/model/search-state.ts'
import { OperatorError } from '../../errors.ts'
import { readCheckpointOf } from '../../storage/newest-checkpoint.ts'
import type { VerifiedStudy } from '../../storage/study-file.ts'
import { searchLines } from '../../study/search-text.ts'
import type { StudyEntry } from '../studies.ts'

/** Which candidate of a study's search runs or was chosen, and their certified scores; none of studies without. */
export async function searchResult(
  folder: string,
  { study, document }: Pick<VerifiedStudy, 'study' | 'document'>,
  entry: StudyEntry | null,
): Promise<string[]> {
  if (document.search === null) return []
  const running = entry?.running?.evaluations?.search
  if (running) return searchLines(document, running)
  try {
    const { evaluation } = (await readCheckpointOf(folder, { study, document })).checkpoint
    const seen = evaluation && searchSeen(document, evaluation)
    return seen === null ? [] : searchLines(document, seen)
  } catch (error) {
    // there is none before the first round, and the command says what else is wrong with one
    if (error instanceof OperatorError) return []
    throw error
  }
}
