/**
 * One message by itself: only faults that no honest peer can commit, whatever it received from others.
 * Codes: the keys of `FAULTS`.
 *
 * @module
 */

import { isLowOrder } from '../../../crypto/key-agreement.ts'
import { checkProof } from '../../agreement/proof.ts'
import { decode } from '../../encoding/codec.ts'
import { ProtocolError } from '../../errors.ts'
import { same } from '../../immutable.ts'
import { decodeCommitValue } from '../../messages/commit-value.ts'
import type { EvidenceOf } from '../../messages/evidence.ts'
import { MESSAGE_BYTES_MAX } from '../../messages/limits.ts'
import { BODY, type BodyOf, decodeEnvelope, is, type Message, openMessage } from '../../messages/messages.ts'
import { valueId } from '../../messages/result-value.ts'
import { decodeChange } from '../../roster/change.ts'
import { memberOf } from '../../roster/roster.ts'
import { demand, type EvidenceContext, type EvidenceKind } from '../judge.ts'
import { sayingOf } from '../saying.ts'
import { checkOpenAlone, proposes } from '../signed-session.ts'

const TYPES = new Set<unknown>(BODY.options.map(({ shape }) => shape.type.value))

/** The fault of a message by itself. */
const FAULTS = {
  'bad-body': 'with a content that the protocol does not have',
  'low-order-key': 'with a key that gives every pair of hospitals the same, known secret',
  'not-proposer': 'in a view that is another hospital’s to lead',
  'bad-open': 'that breaks the rules for opening a round, as its own content shows',
  'bad-proof': 'with a proof of votes that proves nothing',
  'bad-change': 'for a change of the roster that cannot be read',
} as const
type Fault = keyof typeof FAULTS

export const INVALID: EvidenceKind<EvidenceOf<'invalid'>> = {
  judge(evidence, context) {
    const accused = unreadableBy(evidence.wire, context)
    if (accused !== undefined) return { accused, code: 'bad-body' }
    const message = openMessage(evidence.wire, context)
    const code = faultOf(message, context)
    demand(code !== undefined, `an honest peer may say this ${message.body.type}`)
    return { accused: message.from, code }
  },

  deed(evidence, context, code) {
    const body = code === 'bad-body' ? undefined : openMessage(evidence.wire, context).body
    const what = body === undefined ? 'a message' : `${sayingOf(body)},`
    return `signed ${what} ${FAULTS[code as Fault]}. An honest node never signs that, whatever others have told it.`
  },
}

/**
 * Who signed a body that has no proper form. It must itself name the study, its roster and a type of message that we
 * know: the same key signs other things too, such as study documents, and a newer program may know more types.
 */
function unreadableBy(wire: Uint8Array, context: EvidenceContext): number | undefined {
  const envelope = decodeEnvelope(wire)
  const body = decode(envelope.body, MESSAGE_BYTES_MAX)
  if (BODY.safeParse(body).success || typeof body !== 'object' || body === null) return undefined
  const { type, study, roster } = body as Readonly<Record<string, unknown>>
  const ours = study instanceof Uint8Array && same(study, context.study) && roster === context.roster.version
  const from = memberOf(context.roster, envelope.signer)
  return TYPES.has(type) && ours && from !== undefined && context.verify(envelope) ? from : undefined
}

function faultOf(message: Message, context: EvidenceContext): Fault | undefined {
  if (is(message, 'ready')) return isLowOrder(message.body.key) ? 'low-order-key' : undefined
  if (is(message, 'open') || is(message, 'propose')) {
    if (!proposes(message, context)) return 'not-proposer'
  }
  if (is(message, 'open')) return refusal('bad-open', () => checkOpenAlone(message, context))
  if (is(message, 'propose')) return refusal('bad-proof', () => checkLock(message, context))
  if (is(message, 'certificate')) return refusal('bad-proof', () => checkCertificate(message, context))
  if (is(message, 'approve')) return refusal('bad-change', () => decodeChange(message.body.change))
  return undefined
}

/** The code, when the check fails. An honest signer ran the same check before it signed. */
function refusal(code: Fault, check: () => unknown): Fault | undefined {
  try {
    check()
    return undefined
  } catch (error) {
    if (error instanceof ProtocolError) return code
    throw error
  }
}

function checkLock({ body }: Message<BodyOf<'propose'>>, context: EvidenceContext): void {
  const { instance, round, view, value, validView, proof } = body
  if (validView === -1) return
  demand(validView < view, 'a lock from a view that is still to come')
  checkProof(proof, { phase: 'prevote', instance, round, view: validView, id: valueId(value) }, context)
}

function checkCertificate({ body }: Message<BodyOf<'certificate'>>, context: EvidenceContext): void {
  const { round, view, value, precommits } = body
  checkProof(precommits, { phase: 'precommit', instance: 'commit', round, view, id: valueId(value) }, context)
  decodeCommitValue(value)
}
