/**
 * Loaded into a node before itself (`--import`): its wall clock jumps by hours, back and forth, in every one of its
 * threads. The monotonic clock and all timers stay as they are, as with a real clock that somebody sets.
 *
 * @module
 */

import { planClock } from './plan.ts'

const JUMPS = 10_000
const [seed = '0', everyMs = '1000'] = (process.env['CONFRERE_CHAOS_CLOCK'] ?? '').split(':')
const offsets = planClock({ jumps: JUMPS, seed })
const RealDate = Date

function now(): number {
  const jump = Math.floor(performance.now() / Number(everyMs)) % offsets.length
  return RealDate.now() + (offsets[jump] as number)
}

globalThis.Date = class extends RealDate {
  constructor(...args: unknown[]) {
    // a date of nothing is the time; all others are what they say
    super(...((args.length === 0 ? [now()] : args) as []))
  }

  static override now(): number {
    return now()
  }
} as DateConstructor
