/**
 * Evidence in words, for the operator who has to act on it.
 *
 * @module
 */

import type { Evidence } from '../messages/evidence.ts'
import type { Member } from '../roster/roster.ts'
import type { EvidenceContext } from './judge.ts'
import { kindOf } from './kinds/list.ts'
import { verifyEvidence } from './verify.ts'

/**
 * One paragraph: who, in which round, what was signed, and why no honest node signs that.
 *
 * @throws ProtocolError `bad-evidence` when it proves nothing
 */
export function describeEvidence(evidence: Evidence, context: EvidenceContext): string {
  const { accused, code } = verifyEvidence(evidence, context)
  const who = nameOf(accused, context)
  const deed = kindOf(evidence).deed(evidence, context, code)
  return `${who} ${deed} This is proven by its own signature, and anybody who has the study document can verify it.`
}

function nameOf(member: Member, { roster }: EvidenceContext): string {
  return `Hospital “${roster.hospitals[member]?.name}” (${roster.peers[member]})`
}
