/** A contributor with a false self key in its RELEASE. @module */

import { about, hushed, junk, tellAll } from '../messages.ts'
import { defineScript } from '../script.ts'

/**
 * Releases a self key other than the committed one, and never the right one: its part cannot be opened, so the round
 * ends VOID. MANIFEST and RELEASE together are the proof.
 */
export const FALSE_RELEASE = defineScript(
  { name: 'false-release', guilt: { code: 'bad-release', evidence: 'false-release' } },
  (random, lied) => {
    const rounds = new Set([random.whole(1, 3), random.whole(1, 3)])
    let hidden = 0
    return {
      intercept: (effect, io) => {
        const release = about(effect, 'release', io)
        if (release === undefined || !rounds.has(release.round)) return [effect]
        lied(io)
        hidden = release.round
        tellAll(io, io.sign({ ...release, key: junk(random) }))
        return []
      },
      packet: hushed(round => round === hidden),
    }
  },
)
