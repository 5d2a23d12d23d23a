/**
 * Preloaded into a node (`--import`): makes its wall clock jump by hours, back and forth, in all of its threads. The
 * monotonic clock and all timers keep running, as when an operator sets a real clock.
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
    // without arguments it is the present; other dates stay as given
    super(...((args.length === 0 ? [now()] : args) as []))
  }

  static override now(): number {
    return now()
  }
} as DateConstructor
