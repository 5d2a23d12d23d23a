/** Checks signatures and remembers valid ones, because the same envelope arrives many times. @module */

import { type Envelope, verifyEnvelope } from '../../crypto/envelope.ts'
import { sha256 } from '../../crypto/hash.ts'

/** Number of envelopes remembered: a READY returns inside every OPEN. */
const VERIFIED_MAX = 4096

/** A signature check that remembers the last valid envelopes. */
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
