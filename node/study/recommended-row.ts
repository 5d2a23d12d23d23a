/**
 * Which row of a plan to take: rounds and sample rate from public numbers alone, before any record is read.
 *
 * After T steps, gradient descent with noise is left with a squared gradient of at most about a/T + b·V, where V is the
 * variance of one step's averaged update (Bassily, Smith, Thakurta 2014; Wang, Ye, Xu 2017). V is the noise, d
 * coordinates of it, and the chance of the sample, which hurts as noise does (Dörmann et al. 2021) and falls as the rate
 * grows (Räisä, Jälkö, Honkela 2024). At a fixed epsilon V grows with T, so there is a best T, about n·epsilon/√d.
 *
 * @module
 */

import { SAMPLE_RATE_ONE } from '../../protocols/study/limits.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import { equalShare, needsOf } from '../training/needs.ts'
import type { PlanRow, StudyPlanning } from './study-planner.ts'

/** b/a in squared clipping norms: with it the rounds agree with those that folds of X-rays chose, at epsilon 1 and 3. */
const NOISE_SHARE = 1 / 16
/** Rows this near to the least error are as good: a gradient of 0.045 clipping norms. */
const EQUAL_WITHIN = 0.002

/** The rule in words. */
export const RULE_TEXT =
  `the least of 1/steps + ${NOISE_SHARE} × (length of noise and sampling in one averaged update, in clipping norms)², ` +
  `and within ${EQUAL_WITHIN} of that the least work, rounds × rate`

type Planned = Pick<StudyPlanning, 'records' | 'parameters' | 'localSteps'>

/** What too few steps and too much noise leave of the error; null for a row that does not fit. Less is better. */
export function errorOf(row: PlanRow, { records, parameters, localSteps = 1 }: Planned): number | null {
  const { rounds, sampleRate, noise } = row
  if (noise === null) return null
  const variance = parameters * noise ** 2 + (1 - sampleRate) / (sampleRate * records)
  return 1 / (rounds * localSteps) + NOISE_SHARE * variance
}

/**
 * The row with the least error; of rows that are as good, the one with the least work, records times rounds.
 *
 * @param isPossible whether a row keeps to a limit of time; by default all do
 * @returns null where no row is possible
 */
export function recommendedRow(
  planning: Planned & Pick<StudyPlanning, 'rows'>,
  isPossible: (row: PlanRow) => boolean = () => true,
): PlanRow | null {
  const found = planning.rows.flatMap(row => {
    const error = errorOf(row, planning)
    return error === null || !isPossible(row) ? [] : [{ row, error, work: row.rounds * row.sampleRate }]
  })
  const least = Math.min(...found.map(({ error }) => error))
  const good = found.filter(({ error }) => error <= least + EQUAL_WITHIN).sort((a, b) => a.work - b.work)
  return good[0]?.row ?? null
}

/** Hours of a study with a row's rounds and rate: an estimate for an equal share of the records on one idle core. */
export function hoursOf(
  document: StudyDocument,
  { rounds, sampleRate }: Pick<PlanRow, 'rounds' | 'sampleRate'>,
): number {
  const { privacy, timing } = document
  const sampled = { ...privacy, sampleRate: Math.max(1, Math.round(sampleRate * SAMPLE_RATE_ONE)) }
  const { startSeconds, roundSeconds } = needsOf({ ...document, privacy: sampled }, equalShare(document))
  // a round waits for hospitals at its start
  const waited = Math.max(timing.openDelayMs, timing.trainedDelayMs) / 1000
  return (startSeconds + rounds * (roundSeconds + waited)) / 3600
}
