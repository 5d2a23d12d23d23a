/** A contributor with two READYs. @module */

import { about, junk, tellTwo } from '../messages.ts'
import { defineScript } from '../script.ts'

/**
 * Sends two READYs with different keys, so that a proposer may put either into its OPEN. A proposer that holds both
 * leaves the liar out; if the false key gets into an OPEN, the liar cannot mask under it and costs that view.
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
