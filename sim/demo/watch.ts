/** Follows the hospitals from their start to the study's last round. @module */

import { setTimeout as sleep } from 'node:timers/promises'
import { EXIT, OperatorError } from '../../node/errors.ts'
import type { NodeStatus } from '../../node/http/status.ts'
import type { Hospital } from '../processes/node-process.ts'
import type { RoundHistory, RoundSummary } from './round-history.ts'

const POLL_MS = 200
/** Longer than the longest wait of a sound round, which is that for a release (`voidAfterMs`). */
const STALL_MS_MAX = 180_000
/** Last rounds by which the remaining time is estimated. */
const PACE_ROUNDS = 12

/** Measurements of one node beyond its round records. */
export interface Vitals {
  memoryBytesMax: number
  eventLoopLagP99Ms: number
}

export interface Watch {
  readonly history: RoundHistory
  /** null: the node does not answer */
  readonly statuses: readonly (NodeStatus | null)[]
  /** the last status that each node gave */
  readonly lastStatuses: readonly (NodeStatus | null)[]
  readonly vitals: readonly Vitals[]
  /** the newest round that all present hospitals have reported, 0 before the first */
  readonly settled: number
  readonly secondsLeft: number | null
}

interface WatchOptions {
  readonly hospitals: readonly Hospital[]
  readonly history: RoundHistory
  readonly rounds: number
  readonly signal: AbortSignal
  /** called for every round, in order, as soon as all present hospitals have reported it */
  onRound(summary: RoundSummary, watch: Watch): Promise<void>
  /** called several times a second */
  onTick(watch: Watch): void
}

/**
 * Polls until every hospital has finished and reported every round.
 *
 * @throws OperatorError `models-differ` (exit code 8), `stalled` (exit code 10)
 * @throws ChildError when a node ends by itself
 */
export async function watchStudy({
  hospitals,
  history,
  rounds,
  signal,
  onRound,
  onTick,
}: WatchOptions): Promise<Watch> {
  const watch = {
    history,
    statuses: hospitals.map((): NodeStatus | null => null),
    lastStatuses: hospitals.map((): NodeStatus | null => null),
    vitals: hospitals.map((): Vitals => ({ memoryBytesMax: 0, eventLoopLagP99Ms: 0 })),
    settled: 0,
    secondsLeft: null as number | null,
  }
  const finishedAt: number[] = [performance.now()]
  for (;;) {
    signal.throwIfAborted()
    await Promise.all(hospitals.map((hospital, at) => poll(hospital, at, watch)))
    for (const round of settledRounds(watch, hospitals)) {
      watch.settled = round
      finishedAt.push(performance.now())
      watch.secondsLeft = ((rounds - round) * paceMs(finishedAt)) / 1000
      await onRound(history.summary(round) as RoundSummary, watch)
    }
    onTick(watch)
    if (watch.settled === rounds && watch.statuses.every(status => status?.phase === 'finished')) return watch
    if (performance.now() - (finishedAt.at(-1) as number) > STALL_MS_MAX) throw stalled(watch.settled)
    await sleep(POLL_MS, undefined, { signal })
  }
}

type Watching = { -readonly [Key in keyof Watch]: Watch[Key] } & {
  statuses: (NodeStatus | null)[]
  lastStatuses: (NodeStatus | null)[]
}

async function poll(hospital: Hospital, at: number, watch: Watching): Promise<void> {
  const status = (await hospital.status()) ?? null
  watch.statuses[at] = status
  if (status === null) return
  watch.lastStatuses[at] = status
  const vitals = watch.vitals[at] as Vitals
  vitals.memoryBytesMax = Math.max(vitals.memoryBytesMax, status.memoryBytes)
  vitals.eventLoopLagP99Ms = Math.max(vitals.eventLoopLagP99Ms, status.eventLoopLagP99Ms)
  const known = watch.history.newest(at)
  // a status names the running round, or the last one after the study
  if (status.round - 1 <= known && status.phase !== 'finished') return
  if (status.phase === 'finished' && known === status.rounds) return
  for (const record of await hospital.roundsAfter(known)) watch.history.add(at, record)
}

/** The next rounds, in order, that all present hospitals have reported, or that the others have long passed. */
function* settledRounds(watch: Watching, hospitals: readonly Hospital[]): Generator<number> {
  const { history } = watch
  const newest = Math.max(...hospitals.map((_, at) => history.newest(at)))
  const present = hospitals.flatMap((_, at) => {
    const status = watch.statuses[at]
    return status && status.phase !== 'catching-up' && status.phase !== 'starting' ? [at] : []
  })
  for (let round = watch.settled + 1; round <= newest; round++) {
    const told = present.every(at => history.newest(at) >= round)
    if (!told && newest <= round + 1) return
    yield round
  }
}

function paceMs(finishedAt: readonly number[]): number {
  const recent = finishedAt.slice(-PACE_ROUNDS - 1)
  return ((recent.at(-1) as number) - (recent[0] as number)) / (recent.length - 1)
}

function stalled(round: number): OperatorError {
  const seconds = STALL_MS_MAX / 1000
  return new OperatorError('stalled', `No round has ended for ${seconds} s, the last one was ${round}`, {
    hint: 'Run it again with --keep FOLDER and look into the logs of the nodes.',
    exitCode: EXIT.timedOut,
  })
}
