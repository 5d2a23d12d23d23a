/** The rounds of a study: how many of which kind, and the kind of a round by its number. @module */

import { ProtocolError } from '../errors.ts'
import type { RoundKind, ScheduledRounds } from './round-kind.ts'
import type { StudyDocument } from './types.ts'

/** What a study plans for its rounds. */
export type Scheduled = Pick<StudyDocument, 'schedule'>

/** Number of training rounds among charges: a budget counts these, and the statistics are paid for in advance. */
export function trainingCharges(study: Scheduled, charges: readonly { readonly round: number }[]): number {
  return charges.filter(({ round }) => roundKind(study, round) === 'training').length
}

/** Of a schedule, in an error. */
const KINDS_SHOWN = 4

/** Number of the round of statistics, in studies that have one. Training begins with the next round. */
export const STATISTICS_ROUND = 0

/** The schedule of a study that trains for so many rounds, after one round of statistics if it has them. */
export function scheduleOf({ rounds, statistics }: { rounds: number; statistics: boolean }): ScheduledRounds[] {
  const training: ScheduledRounds = { kind: 'training', rounds }
  return statistics ? [{ kind: 'statistics', rounds: 1 }, training] : [training]
}

/** A study with another number of rounds of training. */
export function withRounds<Study extends Pick<StudyDocument, 'normalisation'>>(
  study: Study,
  rounds: number,
): Study & Pick<StudyDocument, 'schedule'> {
  return { ...study, schedule: scheduleOf({ rounds, statistics: study.normalisation !== undefined }) }
}

/** Rounds of training, and the number of the last round. */
export function trainingRounds({ schedule }: Pick<StudyDocument, 'schedule'>): number {
  return schedule.reduce((sum, { kind, rounds }) => sum + (kind === 'training' ? rounds : 0), 0)
}

/**
 * Checks that this version can run a schedule of kinds that it knows: statistics once, before the training, in studies
 * with a normalisation.
 *
 * @throws ProtocolError `needs-newer`, `malformed-study`
 */
export function checkSchedule({ schedule, normalisation }: Pick<StudyDocument, 'schedule' | 'normalisation'>): void {
  const kinds = schedule
    .slice(0, KINDS_SHOWN)
    .map(({ kind }) => kind)
    .join(', ')
  const statistics = schedule[0]?.kind === 'statistics'
  if (kinds !== (statistics ? 'statistics, training' : 'training') || (statistics && schedule[0]?.rounds !== 1)) {
    const known = 'rounds of training, and one of statistics before them'
    throw new ProtocolError(
      'needs-newer',
      `The schedule is ${kinds}: this version knows ${known}; it needs a newer Confrère`,
    )
  }
  if (statistics !== (normalisation !== undefined)) {
    throw new ProtocolError('malformed-study', 'schedule: a round of statistics and a normalisation belong together')
  }
}

/** The kind of the round with this number; after the last one, the kind of that. */
export function roundKind({ schedule }: Scheduled, round: number): RoundKind {
  let next = schedule[0]?.kind === 'statistics' ? STATISTICS_ROUND : STATISTICS_ROUND + 1
  for (const { kind, rounds } of schedule) {
    next += rounds
    if (round < next) return kind
  }
  return schedule.at(-1)!.kind
}

/** Number of a study's first round. The last one is `trainingRounds`. */
export function firstRound({ normalisation }: Pick<StudyDocument, 'normalisation'>): number {
  return normalisation === undefined ? STATISTICS_ROUND + 1 : STATISTICS_ROUND
}
