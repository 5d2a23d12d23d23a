/** The timers of a study in words. @module */

import type { StudyDocument, StudyTiming } from '../../../protocols/study/types.ts'

/** Purpose of each timer, in the order of a round. */
const PURPOSES = {
  trainedDelayMs: 'between the beginning of a round and the first word that training is done',
  openDelayMs: 'for late hospitals, once enough are ready',
  lostAfterMs: 'until a hospital without a connection counts as lost',
  voteTimeoutMs: 'for a vote in the first view, longer with each view',
  voteTimeoutMsMax: 'for a vote at most',
  dataBaseMs: 'for data, besides the time that they need at the least bandwidth',
  bandwidthMin: 'bit/s that every hospital must reach',
  resendAfterMs: 'until something unanswered is sent again',
  voidAfterMs: 'for all sums of a round that was paid for, then it ends without a result (VOID)',
} as const satisfies Record<keyof StudyTiming, string>

/** Every timer with its purpose. */
export function timingLines({ timing }: Pick<StudyDocument, 'timing'>): string[] {
  const names = Object.keys(PURPOSES) as (keyof StudyTiming)[]
  return ['Timing', ...names.map(name => `  ${name.padEnd(16)}  ${durationText(name, timing[name])} ${PURPOSES[name]}`)]
}

function durationText(name: keyof StudyTiming, value: number): string {
  if (name === 'bandwidthMin') return value.toLocaleString('en')
  return value >= 1000 ? `${value / 1000} s` : `${value} ms`
}
