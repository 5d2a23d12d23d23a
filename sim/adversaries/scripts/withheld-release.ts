/** A contributor that withholds its self key. @module */

import { about, hushed } from '../messages.ts'
import { defineScript } from '../script.ts'

/**
 * Contributes until the commitment and does not release: VOID after the void timer. Silence looks like a cut line, so
 * nothing is proven; the VOID names it, and excludes it from the next rounds.
 */
export const WITHHELD_RELEASE = defineScript({ name: 'withheld-release', guilt: null }, (random, lied) => {
  const rounds = new Set([random.whole(1, 3), random.whole(1, 3)])
  const hidden = 0
  return {
    intercept: (effect, io) => {
      const release = about(effect, 'release', io)
      if (release === undefined || !rounds.has(release.round)) return [effect]
      lied(io)
      return []
    },
    packet: hushed(round => round === hidden),
  }
})
