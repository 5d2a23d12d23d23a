/**
 * Evidence in words, for the operator who must decide what to do about it.
 *
 * @module
 */

import type { Evidence } from '../messages/evidence.ts'
import { type Body, openMessage } from '../messages/messages.ts'
import type { Member } from '../roster/roster.ts'
import type { EvidenceContext } from './judge.ts'
import { openAs } from './signed-session.ts'
import { verifyEvidence } from './verify.ts'

/** What is wrong with a message that was judged alone. */
const FAULTS: Readonly<Record<string, string>> = {
  'bad-body': 'with a content that the protocol does not have',
  'low-order-key': 'with a key that gives every pair of hospitals the same, known secret',
  'not-proposer': 'in a view that is another hospital’s to lead',
  'bad-open': 'that breaks the rules for opening a round, as its own content shows',
  'bad-proof': 'with a proof of votes that proves nothing',
  'bad-change': 'for a change of the roster that cannot be read',
}

/**
 * One paragraph: who, in which round, what was signed, and why no honest node signs that.
 *
 * @throws ProtocolError `bad-evidence` when it proves nothing
 */
export function describeEvidence(evidence: Evidence, context: EvidenceContext): string {
  const { accused, code } = verifyEvidence(evidence, context)
  const who = nameOf(accused, context)
  return `${who} ${deedOf(evidence, code, context)} This is proven by its own signature, and anybody who has the study document can verify it.`
}

function nameOf(member: Member, { roster }: EvidenceContext): string {
  return `Hospital “${roster.hospitals[member]?.name}” (${roster.peers[member]})`
}

function deedOf(evidence: Evidence, code: string, context: EvidenceContext): string {
  switch (evidence.kind) {
    case 'equivocation': {
      const { body } = openMessage(evidence.first, context)
      return (
        `told different hospitals different things: it signed two ${sayingOf(body)}. ` +
        'An honest node writes down what it says before it says it, and never says something else there.'
      )
    }
    case 'invalid': {
      const body = code === 'bad-body' ? undefined : openMessage(evidence.wire, context).body
      const what = body === undefined ? 'a message' : `${sayingOf(body)},`
      return `signed ${what} ${FAULTS[code]}. An honest node never signs that, whatever others have told it.`
    }
    case 'false-release': {
      const { round } = openAs(evidence.release, 'release', context).body
      return (
        `released a key in round ${round} that is not the one it had committed to, so that the sum of that round ` +
        'could not be opened with it.'
      )
    }
    case 'false-sum': {
      const { round } = openAs(evidence.sum, 'chunk-sum', context).body
      return (
        `reported a false sum in round ${round}: adding up again what the contributors had signed for gives another ` +
        'one. Had it been believed, the model would have become something that no hospital trained.'
      )
    }
    case 'false-fingerprint': {
      const { round } = openAs(evidence.fingerprint, 'fingerprint', context).body
      return (
        `signed a fingerprint in round ${round} that is not that of the update which it had committed to, and so made ` +
        'a right sum look wrong, or a wrong one right.'
      )
    }
    case 'false-missing': {
      const { round, members, chunk } = openAs(evidence.missing, 'missing', context).body
      return (
        `reported in round ${round} that chunk ${chunk} had not come from ${members.length === 1 ? 'a hospital' : 'hospitals'} ` +
        'although it had signed a receipt for it. Had it been believed, a hospital would have been left out.'
      )
    }
  }
}

function sayingOf(body: Body): string {
  const instance = 'instance' in body ? ` of the agreement on the ${body.instance}` : ''
  const view = 'view' in body ? `, view ${body.view}` : ''
  const attempt = 'attempt' in body ? `, attempt ${body.attempt}` : ''
  return `${body.type.toUpperCase()}${instance} for round ${body.round}${view}${attempt}`
}
