/** What the round of a number is for: statistics or training. @module */

import type { StudyDocument } from './types.ts'

/** Rounds of training among these: a budget is told in them, and the statistics before are paid for in advance. */
export function trainingCharges(charges: readonly { readonly round: number }[]): number {
  return charges.filter(({ round }) => roundKind(round) === 'training').length
}

/** The round that adds up the statistics, in studies that have any. Training begins with the one after it. */
export const STATISTICS_ROUND = 0

/** What a round is for: in studies with a normalisation the first adds up statistics of the records, all others train. */
export type RoundKind = 'statistics' | 'training'

/** What the round of this number is for. */
export function roundKind(round: number): RoundKind {
  return round === STATISTICS_ROUND ? 'statistics' : 'training'
}

/** The round that a study begins with. The last one has the number `document.rounds`. */
export function firstRound({ normalisation }: Pick<StudyDocument, 'normalisation'>): number {
  return normalisation === undefined ? STATISTICS_ROUND + 1 : STATISTICS_ROUND
}
