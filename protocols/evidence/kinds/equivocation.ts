/** Two different bodies for one slot. Two signatures on the same body are no evidence. @module */

import { same } from '../../immutable.ts'
import type { EvidenceOf } from '../../messages/evidence.ts'
import { openMessage, slotOf } from '../../messages/messages.ts'
import { demand, type EvidenceKind } from '../judge.ts'
import { sayingOf } from '../saying.ts'

export const EQUIVOCATION: EvidenceKind<EvidenceOf<'equivocation'>> = {
  judge(evidence, context) {
    const first = openMessage(evidence.first, context)
    const second = openMessage(evidence.second, context)
    // the slot names the signer
    demand(slotOf(first) === slotOf(second), 'two messages that may both be said')
    demand(first.body.round === second.body.round, 'two messages of different rounds')
    demand(!same(first.hash, second.hash), 'the same message twice')
    return { accused: first.from, code: 'equivocation' }
  },

  deed(evidence, context) {
    const { body } = openMessage(evidence.first, context)
    return (
      `told different hospitals different things: it signed two ${sayingOf(body)}. ` +
      'An honest node writes down what it says before it says it, and never says something else there.'
    )
  },
}
