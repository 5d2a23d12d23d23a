/** What rounds may be for. @module */

/**
 * Kinds of rounds: in studies with a normalisation the first one sums statistics of the records; then rounds train, and
 * in studies with an evaluation some count how well the model does on records that are held back. Studies with a table
 * count columns of the records, and train nothing.
 */
export const ROUND_KINDS = ['statistics', 'training', 'evaluation', 'table'] as const
export type RoundKind = (typeof ROUND_KINDS)[number]

/** So many rounds of one kind, one after the other. */
export interface ScheduledRounds {
  kind: RoundKind
  rounds: number
}
