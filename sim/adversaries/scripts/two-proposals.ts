/** A proposer that proposes two values in one view. @module */

import { INSTANCES } from '../../../protocols/messages/limits.ts'
import { about, junk, tellTwo } from '../messages.ts'
import { defineScript } from '../script.ts'

/** Two PROPOSEs, the second with a random value or with one bit of the first changed; the view is lost. */
export const TWO_PROPOSALS = defineScript(
  { name: 'two-proposals', guilt: { code: 'equivocation', evidence: 'equivocation' } },
  (random, lied) => {
    const instances = random.chance(0.3) ? INSTANCES : [random.pick(INSTANCES)]
    const nonsense = random.chance(0.5)
    return {
      intercept: (effect, io) => {
        const propose = about(effect, 'propose', io)
        if (effect.type !== 'publish' || propose === undefined || !instances.includes(propose.instance)) return [effect]
        lied(io)
        const value = nonsense ? junk(random) : propose.value.slice()
        if (!nonsense) value[value.length - 1]! ^= 1
        tellTwo(io, random, [effect.bytes, io.sign({ ...propose, value })])
        return []
      },
    }
  },
)
