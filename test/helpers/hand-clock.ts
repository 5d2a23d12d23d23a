/** A clock that a test advances by hand. @module */

import type { Clock } from '../../node/clock.ts'

export interface HandClock extends Clock {
  /** advances the time and runs the due callbacks */
  turn(ms: number): void
}

export function handClock(): HandClock {
  let now = 0
  const due = new Map<object, { at: number; action: () => void }>()
  return {
    now: () => now,
    after(ms, action) {
      const key = {}
      due.set(key, { at: now + ms, action })
      return () => due.delete(key)
    },
    turn(ms) {
      const until = now + ms
      for (;;) {
        const [next] = [...due].filter(([, { at }]) => at <= until).sort((a, b) => a[1].at - b[1].at)
        if (next === undefined) break
        due.delete(next[0])
        now = next[1].at
        next[1].action()
      }
      now = until
    },
  }
}
