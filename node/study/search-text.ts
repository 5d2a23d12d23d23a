/** A study's search in words, beforehand and while it runs. @module */

import type { SearchSeen } from '../../protocols/model/search-state.ts'
import { plannedEpsilons } from '../../protocols/study/epsilons.ts'
import { HIDDEN } from '../../protocols/study/evaluation.ts'
import { noiseModeOf } from '../../protocols/study/noise/list.ts'
import type { ScheduledRounds } from '../../protocols/study/round-kind.ts'
import { lastSearchRound } from '../../protocols/study/search.ts'
import type { SearchCandidate, StudyDocument } from '../../protocols/study/types.ts'
import { epsilonText } from '../privacy/epsilon-text.ts'

/** What a study's search tries, and what it costs; none in studies without. */
export function searchSentences(document: StudyDocument): string[] {
  const { search, optimizer } = document
  if (search === null) return []
  const { candidates, rounds } = search
  const many = candidates.length
  return [
    `The study chooses its own settings. It trains ${many} candidates one after the other, ${rounds} rounds each from the same first parameters, and evaluates each once: ${candidates.map((one, at) => `${at + 1}. ${candidateText(one)}`).join('; ')}. The one with the best certified score goes on from where it was evaluated; the other ${many - 1} are dropped. Where the noise hides all scores, training begins again with ${candidateText(optimizer)}.`,
    `The best of ${many} noisy scores owes something to chance: judge the model by the evaluations after round ${lastSearchRound(document)}. Those of the search undo nothing.`,
    ...costSentences(document),
  ]
}

/** What the search costs beside the rest, at the noise of the study. */
function costSentences(document: StudyDocument): string[] {
  const { search } = document
  if (search === null || !noiseModeOf(document.privacy).isPrivate) return []
  const many = search.candidates.length
  const stretches = document.schedule.filter(({ kind }) => kind !== 'statistics')
  const [searched, rest] = [stretches.slice(0, 2 * many), stretches.slice(2 * many)]
  const costOf = (schedule: ScheduledRounds[]): string => {
    const { normalisation: _, ...alone } = document
    return epsilonText(plannedEpsilons({ ...alone, schedule }).colluding)
  }
  const all = epsilonText(plannedEpsilons(document).colluding)
  return [
    `Every round of it is charged like any other. At the study's noise its ${many * search.rounds} rounds of training and ${many} evaluations alone would cost epsilon ${costOf(searched)}, and the rounds after it alone ${costOf(rest)}; all together cost ${all}.`,
  ]
}

/** A candidate's settings. */
export function candidateText({ learningRate, momentum }: SearchCandidate): string {
  return `learning rate ${learningRate}, momentum ${momentum}`
}

/** Where a study's search stands: the candidate that runs or was chosen, then the certified score of each. */
export function searchLines({ search, optimizer }: StudyDocument, { running, chosen, points }: SearchSeen): string[] {
  if (search === null) return []
  const { candidates } = search
  const nameOf = (at: number): string => `${at + 1} of ${candidates.length} (${candidateText(candidates[at]!)})`
  const now =
    running !== null
      ? `candidate ${nameOf(running)} is tried`
      : chosen !== null
        ? `candidate ${nameOf(chosen)} was chosen`
        : `none was chosen, as the noise hid all scores: ${candidateText(optimizer)}`
  const scores = points.flatMap((point, at) => {
    if (point === null) return []
    const { score, deviation } = point
    const value =
      deviation >= HIDDEN ? 'hidden by the noise' : `AUC ${score.toFixed(3)} (noise ${deviation.toFixed(3)})`
    return [`candidate ${at + 1} (${candidateText(candidates[at]!)}): ${value}`]
  })
  return [now, ...scores]
}
