/** A MISSING message about a contributor that has the sender's receipt. @module */

import { same } from '../../immutable.ts'
import type { EvidenceOf } from '../../messages/evidence.ts'
import { openReceipt } from '../../messages/receipt.ts'
import { demand, type EvidenceKind } from '../judge.ts'
import { openAs } from '../signed-session.ts'

export const FALSE_MISSING: EvidenceKind<EvidenceOf<'false-missing'>> = {
  judge(evidence, context) {
    const missing = openAs(evidence.missing, 'missing', context)
    const receipt = openReceipt(evidence.receipt, context)
    demand(receipt.from === missing.from, 'the receipt is another owner’s')
    demand(same(receipt.body.sid, missing.body.sid), 'the receipt is of another session')
    demand(receipt.body.chunk === missing.body.chunk, 'the receipt is for another chunk')
    const named = missing.body.members.map(member => context.roster.hospitals[member]?.id)
    const { contributor } = receipt.body
    demand(
      named.some(id => id !== undefined && same(id, contributor)),
      'the receipt is for a contributor who was not reported missing',
    )
    return { accused: missing.from, code: 'false-missing' }
  },

  deed(evidence, context) {
    const { round, members, chunk } = openAs(evidence.missing, 'missing', context).body
    return (
      `reported in round ${round} that chunk ${chunk} had not come from ${members.length === 1 ? 'a hospital' : 'hospitals'} ` +
      'although it had signed a receipt for it. Had it been believed, a hospital would have been left out.'
    )
  },
}
