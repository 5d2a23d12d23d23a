/** A contributor with two keys. @module */

import { about, junk, tellTwo } from './messages.ts'
import { defineScript } from './script.ts'

/**
 * Two READYs with different keys, so that proposers may put either into their OPEN. Whoever holds both leaves it out; if
 * the false key gets into an OPEN, the liar cannot mask under it and costs that view.
 */
export const TWO_READYS = defineScript(
  { name: 'two-readys', guilt: { code: 'equivocation', evidence: 'equivocation' } },
  (random, lied) => ({
    intercept: (effect, io) => {
      const ready = about(effect, 'ready', io)
      if (effect.type !== 'publish' || ready === undefined) return [effect]
      lied(io)
      tellTwo(io, random, [effect.bytes, io.sign({ ...ready, key: junk(random) })])
      return []
    },
  }),
)
