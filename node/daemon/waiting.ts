/**
 * What a study waits for, in words, and since when: told at once where a hospital is lacking, and otherwise as soon as the
 * study has not moved for longer than its own rounds take.
 *
 * @module
 */

import type { NodeStatus } from '../http/status.ts'
import type { RoundRecord } from '../storage/round-record.ts'

/** A round that takes longer than this many of the study's typical rounds has stopped moving. */
const ROUNDS_PATIENCE = 3
/** Until a study has rounds to compare with, and at least. */
const PATIENCE_MS_MIN = 20_000
/** Of the newest rounds that say how long one takes. */
const TYPICAL_ROUNDS = 20
/** Hospitals that are named; the rest is counted. */
const NAMES_MAX = 3

/** How long a round of a study takes, in ms: the median of its newest; null before the first. */
export function typicalRoundMs(records: readonly Pick<RoundRecord, 'durationMs'>[]): number | null {
  const durations = records.slice(-TYPICAL_ROUNDS).map(({ durationMs }) => durationMs)
  return durations.length === 0 ? null : durations.sort((a, b) => a - b)[durations.length >> 1]!
}

/** What is known of a study at one moment. */
export interface Moment {
  readonly status: Pick<NodeStatus, 'phase' | 'stage' | 'round' | 'rounds' | 'peers'>
  /** hospitals that must take part in a vote */
  readonly quorum: number
  /** ms since the round or its phase last changed */
  readonly stillMs: number
  readonly typicalMs: number | null
  /** whether this hospital's part in the round is done */
  readonly isMember: boolean
}

/** What a study waits for; null: it moves, or is over. */
export function waitingText({ status, quorum, stillMs, typicalMs, isMember }: Moment): string | null {
  const { phase, stage, round, rounds, peers } = status
  if (phase === 'finished') return null
  if (stage !== null) return stage
  if (!isMember) return 'waiting to be admitted by the other hospitals'
  const absent = peers.filter(({ state }) => state === 'absent')
  const present = peers.length - absent.length
  if (present < quorum) return absentText(absent, { present, quorum, hospitals: peers.length })
  if (phase === 'catching-up') return `catching up: round ${round} of ${rounds}`
  const patienceMs = Math.max(PATIENCE_MS_MIN, ROUNDS_PATIENCE * (typicalMs ?? 0))
  if (stillMs <= patienceMs) return null
  const besides = absent.length === 0 ? '' : `; absent: ${namesText(absent)}`
  return `round ${round} of ${rounds} has not moved for ${Math.round(stillMs / 1000)} s (${phase})${besides}`
}

type Absent = Pick<NodeStatus['peers'][number], 'peer' | 'site' | 'reason'>

function absentText(
  absent: readonly Absent[],
  { present, quorum, hospitals }: { present: number; quorum: number; hospitals: number },
): string {
  const needed = quorum === hospitals ? `all ${hospitals} are needed` : `${quorum} of ${hospitals} are needed`
  const reasons = absent.flatMap(({ reason }) => reason ?? []).slice(0, NAMES_MAX)
  const why = reasons.length === 0 ? '' : `: ${reasons.join('; ')}`
  return `waiting for ${namesText(absent)} (${needed}: ${present} present)${why}`
}

function namesText(absent: readonly Absent[]): string {
  const names = absent.slice(0, NAMES_MAX).map(({ peer, site }) => site || peer)
  const more = absent.length - names.length
  return more > 0 ? `${names.join(', ')} and ${more} more` : names.join(', ')
}
