/** Timing presets for a wide-area network and for a local one, and the rules between timers. @module */

import { ProtocolError } from '../errors.ts'
import type { StudyTiming } from './types.ts'

/** Timers for a wide-area network: the defaults of the secure aggregation. */
export const TIMING_WAN: StudyTiming = {
  openDelayMs: 5000,
  voteTimeoutMs: 4000,
  voteTimeoutMsMax: 60_000,
  lostAfterMs: 5000,
  resendAfterMs: 30_000,
  voidAfterMs: 600_000,
  dataBaseMs: 30_000,
  bandwidthMin: 10_000_000,
  trainedDelayMs: 0,
}

/** Timers for a local network (one building, one machine room) or a demonstration. */
export const TIMING_LAN: StudyTiming = {
  openDelayMs: 1000,
  voteTimeoutMs: 2000,
  voteTimeoutMsMax: 10_000,
  lostAfterMs: 2000,
  resendAfterMs: 5000,
  voidAfterMs: 60_000,
  dataBaseMs: 5000,
  bandwidthMin: 100_000_000,
  trainedDelayMs: 0,
}

export const TIMING_PRESETS = { wan: TIMING_WAN, lan: TIMING_LAN } as const

/** A lower bound of one timer, from the others. Below it, rounds that every hospital has paid for may end VOID. */
interface Floor {
  readonly timer: keyof StudyTiming
  readonly atLeast: (timing: StudyTiming) => number
  readonly is: string
  readonly because: string
}

const FLOORS: readonly Floor[] = [
  {
    timer: 'voteTimeoutMsMax',
    atLeast: timing => timing.voteTimeoutMs,
    is: 'voteTimeoutMs',
    because: 'timeouts grow up to it',
  },
  {
    timer: 'lostAfterMs',
    atLeast: timing => timing.voteTimeoutMs / 4,
    is: 'a quarter of voteTimeoutMs',
    because: 'a hospital would count as lost while its vote is on its way',
  },
  {
    timer: 'resendAfterMs',
    atLeast: timing => timing.voteTimeoutMs / 2,
    is: 'half of voteTimeoutMs',
    because: 'everything would be sent again before it can be answered',
  },
  {
    timer: 'dataBaseMs',
    atLeast: timing => timing.voteTimeoutMs,
    is: 'voteTimeoutMs',
    because: 'a chunk needs longer than a vote',
  },
  {
    timer: 'voidAfterMs',
    atLeast: timing => timing.dataBaseMs + timing.voteTimeoutMs,
    is: 'dataBaseMs + voteTimeoutMs',
    because: 'a round that everybody has paid for would end VOID before its sums can arrive',
  },
]

/** Checks timers against each other. @throws ProtocolError `malformed-study` with the timer and its lower bound */
export function checkTiming(timing: StudyTiming): void {
  for (const { timer, atLeast, is, because } of FLOORS) {
    const least = atLeast(timing)
    if (timing[timer] >= least) continue
    throw new ProtocolError(
      'malformed-study',
      `timing.${timer} is ${timing[timer]}, and must be at least ${is}, ${least}: ${because}`,
    )
  }
}
