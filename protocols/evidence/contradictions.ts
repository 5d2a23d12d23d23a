/**
 * Two messages of one signer that cannot both be honest.
 *
 * @module
 */

import { opens } from '../../crypto/commitment.ts'
import { same } from '../immutable.ts'
import type { EvidenceOf } from '../messages/evidence.ts'
import { openMessage, slotOf } from '../messages/messages.ts'
import { openReceipt } from '../messages/receipt.ts'
import { demand, type EvidenceContext, type Verdict } from './judge.ts'
import { openAs } from './signed-session.ts'

/** Two bodies in one slot. Two signatures on one body are none: it is the body that was said. */
export function judgeEquivocation(
  { first: a, second: b }: EvidenceOf<'equivocation'>,
  context: EvidenceContext,
): Verdict {
  const first = openMessage(a, context)
  const second = openMessage(b, context)
  // the slot names the signer
  demand(slotOf(first) === slotOf(second), 'two messages that may both be said')
  demand(first.body.round === second.body.round, 'two messages of different rounds')
  demand(!same(first.hash, second.hash), 'the same message twice')
  return { accused: first.from, code: 'equivocation' }
}

/** A key that opens nothing. */
export function judgeRelease(evidence: EvidenceOf<'false-release'>, context: EvidenceContext): Verdict {
  const manifest = openAs(evidence.manifest, 'manifest', context)
  const release = openAs(evidence.release, 'release', context)
  demand(manifest.from === release.from, 'a MANIFEST and a RELEASE of two hospitals')
  demand(manifest.body.round === release.body.round, 'a MANIFEST and a RELEASE of two rounds')
  demand(same(manifest.body.sid, release.body.sid), 'a MANIFEST and a RELEASE of two sessions')
  demand(!opens(manifest.body.commitment, release.body.key), 'the key opens its commitment')
  return { accused: release.from, code: 'false-release' }
}

/** Reported missing, and receipted. */
export function judgeMissing(evidence: EvidenceOf<'false-missing'>, context: EvidenceContext): Verdict {
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
}
