/** Timing presets for hospitals far apart and for one network. @module */

import type { StudyTiming } from './types.ts'

/** Timers for hospitals that are far apart: the defaults of the secure aggregation. */
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

/** Timers for one building, one machine room or a demonstration. */
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
