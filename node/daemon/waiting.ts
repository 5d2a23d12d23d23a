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

const PAUSED_TEXT =
  'paused: evaluations have fallen three times, and somebody may be lying; nothing is spent here until the operator says "confrere study resume"'

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
  /** whether it has gone back to its best model so often that the operator has to say whether it goes on */
  readonly isPaused?: boolean
}

export interface WaitedFor {
  readonly text: string
  /** the same as long as it waits for the same, whatever more is learnt about why */
  readonly what: string
}

/** What a study waits for; null: it moves, or is over. */
export function waitedFor({ status, quorum, stillMs, typicalMs, isMember, isPaused }: Moment): WaitedFor | null {
  const { phase, stage, round, rounds, peers } = status
  if (phase === 'finished') return null
  if (stage !== null) return only(stage)
  if (!isMember) return only('waiting to be admitted by the other hospitals')
  if (isPaused) return only(PAUSED_TEXT)
  const absent = peers.filter(({ state }) => state === 'absent')
  const present = peers.length - absent.length
  if (present < quorum) {
    const needed = quorum === peers.length ? `all ${quorum} are needed` : `${quorum} of ${peers.length} are needed`
    const what = `waiting for ${namesText(absent)} (${needed}: ${present} present)`
    return { text: `${what}${whyText(absent)}`, what: `waiting for ${namesText(absent)}` }
  }
  if (phase === 'catching-up') return only(`catching up: round ${round} of ${rounds}`, 'catching up')
  const patienceMs = Math.max(PATIENCE_MS_MIN, ROUNDS_PATIENCE * (typicalMs ?? 0))
  if (stillMs <= patienceMs) return null
  const besides = absent.length === 0 ? '' : `; absent: ${namesText(absent)}${whyText(absent)}`
  const text = `round ${round} of ${rounds} has not moved for ${Math.round(stillMs / 1000)} s (${phase})${besides}`
  return { text, what: `round ${round} ${phase}` }
}

function only(text: string, what = text): WaitedFor {
  return { text, what: what.replace(/\d+/g, '') }
}

type Absent = Pick<NodeStatus['peers'][number], 'peer' | 'site' | 'reason'>

function whyText(absent: readonly Absent[]): string {
  const reasons = absent.flatMap(({ reason }) => reason ?? []).slice(0, NAMES_MAX)
  return reasons.length === 0 ? '' : `: ${reasons.join('; ')}`
}

function namesText(absent: readonly Absent[]): string {
  const names = absent.slice(0, NAMES_MAX).map(({ peer, site }) => site || peer)
  const more = absent.length - names.length
  return more > 0 ? `${names.join(', ')} and ${more} more` : names.join(', ')
}
