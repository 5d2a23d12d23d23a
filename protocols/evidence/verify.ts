/**
 * The judge: whom evidence proves guilty, and of what. It believes signatures, hashes and arithmetic, and nobody: not
 * whoever brings the evidence, and nothing that depends on what the judge itself has seen.
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
