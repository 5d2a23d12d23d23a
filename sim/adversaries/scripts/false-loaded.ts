/** An owner with a false LOADED. @module */

import { about, hushed, junk, tellAll } from '../messages.ts'
import { defineScript } from '../script.ts'

/**
 * Claims to hold chunks of manifests that do not exist, and sends nothing else. The others cannot exclude that it was
 * shown other manifests, so nothing is proven. The view is lost, and it owns no chunk in the next.
 */
export const FALSE_LOADED = defineScript({ name: 'false-loaded', guilt: null }, (random, lied) => {
  let hidden = 0
  return {
    intercept: (effect, io) => {
      const loaded = about(effect, 'loaded', io)
      if (loaded === undefined) return [effect]
      lied(io)
      hidden = loaded.round
      tellAll(io, io.sign({ ...loaded, digest: junk(random) }))
      return []
    },
    packet: hushed(round => round === hidden),
  }
})
