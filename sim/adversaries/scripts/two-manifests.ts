/** A contributor with two MANIFESTs. @module */

import { about, junk, tellTwo } from '../messages.ts'
import { defineScript } from '../script.ts'

/** Two MANIFESTs of one session, with another root or another commitment; the one sent with the chunks is right. */
export const TWO_MANIFESTS = defineScript(
  { name: 'two-manifests', guilt: { code: 'equivocation', evidence: 'equivocation' } },
  (random, lied) => {
    const field = random.pick(['root', 'commitment'] as const)
    return {
      intercept: (effect, io) => {
        const manifest = about(effect, 'manifest', io)
        if (effect.type !== 'publish' || manifest === undefined) return [effect]
        lied(io)
        tellTwo(io, random, [effect.bytes, io.sign({ ...manifest, [field]: junk(random) })])
        return []
      },
    }
  },
)
