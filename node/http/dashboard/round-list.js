// @ts-check
/** Rounds of one study as the page keeps them: numbers for the curves, and the newest ones whole. @module */

/** @import { StudyRound } from '../api/rounds.ts' */

/**
 * @typedef {{ round: number, seconds: number, contributors: number, void: boolean, auc: number | null,
 *   }} Point
 * @typedef {{ first: number, last: number, points: Point[], newest: StudyRound[] }} RoundList
 */

/** Rounds in one answer. */
export const ROUNDS_PAGE = 250
export const ROUNDS_SHOWN_MAX = 200
const POINTS_MAX = 2000

/**
 * @param {RoundList | undefined} known
 * @param {{ rounds: readonly StudyRound[] }} answer oldest first, all of them before or all after what is known
 * @returns {RoundList} a new one
 */
export function mergeRounds(known, { rounds }) {
  const later = known === undefined || (rounds[0]?.round ?? 0) > known.last
  const points = rounds.map(pointOf)
  const all = later ? [...(known?.points ?? []), ...points] : [...points, ...(known?.points ?? [])]
  const newest = later ? [...(known?.newest ?? []), ...rounds] : (known?.newest ?? [])
  const kept = all.slice(-POINTS_MAX)
  return {
    ...{ first: kept[0]?.round ?? 0, last: kept.at(-1)?.round ?? -1 },
    ...{ points: kept, newest: newest.slice(-ROUNDS_SHOWN_MAX) },
  }
}

/** @param {StudyRound} round @returns {Point} */
function pointOf({ round, durationMs, contributors, outcome, evaluation }) {
  const { auc = null } = evaluation ?? {}
  return { round, seconds: durationMs / 1000, contributors: contributors.length, void: outcome === 'void', auc }
}
