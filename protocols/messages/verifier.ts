/** Checks signatures and remembers those that were good: the same envelope arrives by many ways. @module */

import { type Envelope, verifyEnvelope } from '../../crypto/envelope.ts'
import { sha256 } from '../../crypto/hash.ts'

/** Signatures that were verified lately are remembered: a READY comes back inside every OPEN. */
const VERIFIED_MAX = 4096

/** A signature check that remembers the last envelopes that passed. */
export function rememberingVerifier(): (envelope: Envelope) => boolean {
  const seen = new Set<string>()
  return envelope => {
    const key = Buffer.from(sha256(envelope.body, envelope.signer, envelope.signature)).toString('latin1')
    if (seen.has(key)) return true
    if (!verifyEnvelope(envelope)) return false
    if (seen.size >= VERIFIED_MAX) seen.delete(seen.values().next().value as string)
    seen.add(key)
    return true
  }
}
