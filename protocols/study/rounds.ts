/** The rounds of a study: how many of which kind, and the kind of a round by its number. @module */

import { ProtocolError } from '../errors.ts'
import type { RoundKind, ScheduledRounds } from './round-kind.ts'
import type { StudyDocument, StudySearch } from './types.ts'

/** What a study plans for its rounds. */
export type Scheduled = Pick<StudyDocument, 'schedule'>

/** The kind of the rounds that a study is for: a budget counts these, and all others are paid for in advance. */
export function mainKind({ schedule }: Scheduled): 'training' | 'table' {
  return schedule[0]?.kind === 'table' ? 'table' : 'training'
}

/** Rounds of the kind that a study is for. */
export function mainRounds(study: Scheduled): number {
  return roundsOf(study, mainKind(study))
}

/** Number of rounds of the kind that a study is for among charges. */
export function mainCharges(study: Scheduled, charges: readonly { readonly round: number }[]): number {
  const main = mainKind(study)
  return charges.filter(({ round }) => roundKind(study, round) === main).length
}

/** Of a schedule, in an error. */
const KINDS_SHOWN = 4

/** Number of the round of statistics, in studies that have one. Training begins with the next round. */
export const STATISTICS_ROUND = 0

/** What a schedule is made of. */
export interface ScheduleTerms {
  /** of training, of the model that comes out */
  readonly rounds: number
  /** whether a round of statistics comes first */
  readonly statistics: boolean
  /** rounds of training before each evaluation; the last round evaluates. Absent: no evaluation */
  readonly every?: number | undefined
  /** the first rounds of the model that comes out are those of the best candidate; all others train for as many in vain */
  readonly search?: StudySearch | null | undefined
}

/** The schedule of a study. */
export function scheduleOf({ rounds, statistics, every, search }: ScheduleTerms): ScheduledRounds[] {
  const schedule: ScheduledRounds[] = statistics ? [{ kind: 'statistics', rounds: 1 }] : []
  if (every === undefined) return [...schedule, { kind: 'training', rounds }]
  for (const _ of search?.candidates ?? []) {
    schedule.push({ kind: 'training', rounds: search!.rounds }, { kind: 'evaluation', rounds: 1 })
  }
  for (let left = rounds - (search?.rounds ?? 0); left > 0; left -= every) {
    schedule.push({ kind: 'training', rounds: Math.min(every, left) }, { kind: 'evaluation', rounds: 1 })
  }
  return schedule
}

/** A study that trains for another number of rounds, without evaluations and without a search. */
export function withRounds<Study extends Pick<StudyDocument, 'normalisation'>>(
  study: Study,
  rounds: number,
): Study & Pick<StudyDocument, 'schedule' | 'evaluation' | 'search'> {
  const schedule = scheduleOf({ rounds, statistics: study.normalisation !== undefined })
  return { ...study, evaluation: null, search: null, schedule }
}

/** Rounds of a kind. */
export function roundsOf({ schedule }: Scheduled, wanted: RoundKind): number {
  return schedule.reduce((sum, { kind, rounds }) => sum + (kind === wanted ? rounds : 0), 0)
}

/** Rounds of training. */
export function trainingRounds(study: Scheduled): number {
  return roundsOf(study, 'training')
}

/** Number of the last round. */
export function lastRound(study: Scheduled): number {
  return STATISTICS_ROUND + mainRounds(study) + roundsOf(study, 'evaluation')
}

/**
 * Checks that this version can run a schedule of kinds that it knows: statistics once, before the training, in studies
 * with a normalisation; training, and in studies with an evaluation single rounds of that, each after some training. Or
 * rounds of a table alone.
 *
 * @throws ProtocolError `needs-newer`, `malformed-study`
 */
export function checkSchedule({
  schedule,
  normalisation,
  evaluation,
}: Pick<StudyDocument, 'schedule' | 'normalisation' | 'evaluation'>): void {
  const isTable = schedule.length === 1 && schedule[0]!.kind === 'table'
  const statistics = schedule[0]?.kind === 'statistics'
  const rest = statistics ? schedule.slice(1) : schedule
  const trains = rest.length > 0 && rest.every(({ kind }, at) => kind === (at % 2 === 0 ? 'training' : 'evaluation'))
  const once = schedule.every(({ kind, rounds }) => kind === 'training' || rounds === 1)
  if (!isTable && !(trains && once)) {
    const kinds = schedule.slice(0, KINDS_SHOWN).map(({ kind }) => kind)
    const known =
      'rounds of training, one of statistics before them, and single ones of evaluation after some, or rounds of a table alone'
    throw new ProtocolError(
      'needs-newer',
      `The schedule is ${kinds.join(', ')}: this version knows ${known}; it needs a newer Confrère`,
    )
  }
  if (statistics !== (normalisation !== undefined)) {
    throw new ProtocolError('malformed-study', 'schedule: a round of statistics and a normalisation belong together')
  }
  if (rest.length > 1 !== (evaluation !== null)) {
    throw new ProtocolError('malformed-study', 'schedule: rounds of evaluation and the term evaluation belong together')
  }
}

/**
 * Whether a budget pays for a round. Statistics and evaluations are paid for in advance: only rounds of the kind that a
 * study is for run out.
 *
 * @param charges    rounds of that kind that were charged
 * @param chargesMax those that the budget allows
 */
export function paysFor(
  study: Scheduled,
  round: number,
  { charges, chargesMax }: { readonly charges: number; readonly chargesMax: number },
): boolean {
  return charges < chargesMax || (chargesMax > 0 && roundKind(study, round) !== mainKind(study))
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

/** Number of the n-th round of the kind that a study is for; after the last one, the number after the study's last round. */
export function roundOfMain(study: Scheduled, n: number): number {
  const main = mainKind(study)
  let [round, done] = [STATISTICS_ROUND, 0]
  for (const { kind, rounds } of study.schedule) {
    if (kind === main && done + rounds >= n) return round + n - done
    if (kind === main) done += rounds
    if (kind !== 'statistics') round += rounds
  }
  return round + 1
}

/** Number of a study's first round. */
export function firstRound({ normalisation }: Pick<StudyDocument, 'normalisation'>): number {
  return normalisation === undefined ? STATISTICS_ROUND + 1 : STATISTICS_ROUND
}
