/** A contributor that keeps its self key to itself. @module */

import { about, hushed } from './messages.ts'
import { defineScript } from './script.ts'

/**
 * Contributes, lets the round be committed, and does not release: VOID after the void timer. Silence cannot be told from
 * a cut line, so nothing is proven; the VOID names it, and keeps it out of the next rounds.
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
