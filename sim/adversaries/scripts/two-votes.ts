/** A voter that sends different votes to different hospitals. @module */

import { INSTANCES } from '../../../protocols/messages/limits.ts'
import { about, junk, tellTwo } from '../messages.ts'
import { defineScript } from '../script.ts'

/** In one or both phases of one or both agreements: sends its vote to some, and nil or a random value to others. */
export const TWO_VOTES = defineScript(
  { name: 'two-votes', guilt: { code: 'equivocation', evidence: 'equivocation' } },
  (random, lied) => {
    const phases = random.pick([['prevote'], ['precommit'], ['prevote', 'precommit']] as const)
    // a result's last votes may arrive when all hospitals have it already, and alone would go unnoticed
    const instances = random.chance(0.5) ? INSTANCES : (['commit'] as const)
    return {
      intercept: (effect, io) => {
        const vote = phases.map(phase => about(effect, phase, io)).find(body => body !== undefined)
        if (effect.type !== 'publish' || vote === undefined || !instances.some(one => one === vote.instance))
          return [effect]
        if (vote.instance === 'commit') lied(io)
        const value = vote.value === null || random.chance(0.5) ? junk(random) : null
        tellTwo(io, random, [effect.bytes, io.sign({ ...vote, value })])
        return []
      },
    }
  },
)
