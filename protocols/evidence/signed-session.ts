/**
 * A session reconstructed from its signed messages alone.
 *
 * @module
 */

import { opens } from '../../crypto/commitment.ts'
import { proposerIndex } from '../../crypto/transcript.ts'
import { ProtocolError } from '../errors.ts'
import { same } from '../immutable.ts'
import { type BodyOf, is, type Message, openMessage } from '../messages/messages.ts'
import type { Member } from '../roster/roster.ts'
import { checkOpening, type Opening } from '../session/opening.ts'
import { demand, type EvidenceContext } from './judge.ts'

/** Opens a message that must be of one type. @throws ProtocolError `bad-evidence`, or as `openMessage` */
export function openAs<T extends Message['body']['type']>(
  wire: Uint8Array,
  type: T,
  context: EvidenceContext,
): Message<BodyOf<T>> {
  const message = openMessage(wire, context)
  if (!is(message, type)) throw new ProtocolError('bad-evidence', `a ${message.body.type} where a ${type} belongs`)
  return message
}

/** Whether the signer is the proposer of its view. */
export function proposes(
  { from, body }: Message<BodyOf<'open'> | BodyOf<'propose'>>,
  { study, roster }: EvidenceContext,
): boolean {
  return proposerIndex({ study, round: body.round, view: body.view, count: roster.hospitals.length }) === from
}

/**
 * Checks everything about an OPEN that does not depend on the verifier's own state. The previous result is the one that
 * all its READYs agree on.
 *
 * @throws ProtocolError as `checkOpening`
 */
export function checkOpenAlone(open: Message<BodyOf<'open'>>, context: EvidenceContext): Opening {
  const [first] = open.body.readys
  const ready = first && openMessage(first, context)
  // without a first READY the checks below find a worse fault than its previous result
  const previous = ready !== undefined && is(ready, 'ready') ? ready.body.previous : new Uint8Array(32)
  return checkOpening(open, context, previous)
}

/** A session with a valid OPEN. */
export interface SignedSession {
  readonly round: number
  readonly opening: Opening
}

/** @throws ProtocolError `bad-evidence`, or whatever the OPEN is refused for */
export function openSession(wire: Uint8Array, context: EvidenceContext): SignedSession {
  const open = openAs(wire, 'open', context)
  demand(proposes(open, context), 'the OPEN is by a peer whose view it is not')
  return { round: open.body.round, opening: checkOpenAlone(open, context) }
}

/** True for a message of this round that names this session. */
export function belongs(
  { round, opening }: SignedSession,
  body: { readonly round: number; readonly sid: Uint8Array },
): boolean {
  return body.round === round && same(body.sid, opening.sid)
}

/** A contributor's commitment and what it released. */
export interface SignedContribution {
  readonly from: Member
  readonly manifest: Message<BodyOf<'manifest'>>
  /** the self key that opens the manifest's commitment: there is only one */
  readonly selfKey: Uint8Array
}

/** @throws ProtocolError `bad-evidence`, or whatever a message is refused for */
export function openContribution(
  { manifest: first, release: second }: { readonly manifest: Uint8Array; readonly release: Uint8Array },
  session: SignedSession,
  context: EvidenceContext,
): SignedContribution {
  const manifest = openAs(first, 'manifest', context)
  const release = openAs(second, 'release', context)
  const { from } = manifest
  demand(session.opening.members.includes(from), 'a MANIFEST by somebody who is not a contributor')
  demand(
    belongs(session, manifest.body) && manifest.body.view === session.opening.view,
    'a MANIFEST of another session',
  )
  demand(release.from === from && belongs(session, release.body), 'a RELEASE by somebody else, or of another session')
  // otherwise the owner that removes this mask would appear to have a false sum
  demand(opens(manifest.body.commitment, release.body.key), 'a RELEASE that does not open its commitment')
  return { from, manifest, selfKey: release.body.key }
}
