/** The kind of a round, by its number: statistics or training. @module */

import type { StudyDocument } from './types.ts'

/** Number of training rounds among charges: a budget counts these, and the statistics are paid for in advance. */
export function trainingCharges(charges: readonly { readonly round: number }[]): number {
  return charges.filter(({ round }) => roundKind(round) === 'training').length
}

/** Number of the round of statistics, in studies that have one. Training begins with the next round. */
export const STATISTICS_ROUND = 0

/** Kind of a round: in studies with a normalisation the first one sums statistics of the records, all others train. */
export type RoundKind = 'statistics' | 'training'

/** The kind of the round with this number. */
export function roundKind(round: number): RoundKind {
  return round === STATISTICS_ROUND ? 'statistics' : 'training'
}

/** Number of a study's first round. The last one is `document.rounds`. */
export function firstRound({ normalisation }: Pick<StudyDocument, 'normalisation'>): number {
  return normalisation === undefined ? STATISTICS_ROUND + 1 : STATISTICS_ROUND
}
