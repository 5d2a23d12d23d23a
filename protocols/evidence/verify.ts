/**
 * Verifies evidence: which hospital it proves guilty, and of what. Only signatures, hashes and arithmetic count: neither
 * the sender of the evidence nor the verifier's own state.
 *
 * @module
 */

import { CodedError } from '../../crypto/errors.ts'
import { ProtocolError } from '../errors.ts'
import type { Evidence } from '../messages/evidence.ts'
import type { EvidenceContext, Verdict } from './judge.ts'
import { kindOf } from './kinds/list.ts'

/**
 * Verifies evidence offline.
 *
 * @param context   with the version of the roster that the evidence names
 * @throws ProtocolError `bad-evidence` when it proves nothing, saying why
 */
export function verifyEvidence(evidence: Evidence, context: EvidenceContext): Verdict {
  try {
    return kindOf(evidence).judge(evidence, context)
  } catch (cause) {
    if (!(cause instanceof CodedError) || cause.code === 'bad-evidence') throw cause
    throw new ProtocolError('bad-evidence', `proves nothing: ${cause.message}`, { cause })
  }
}
