/**
 * A FINGERPRINT against the vector that its signer's own MANIFEST and RELEASE fix, under the challenge that it names.
 *
 * @module
 */

import { addFingerprints, fingerprint } from '../../../crypto/fingerprint.ts'
import { sha256 } from '../../../crypto/hash.ts'
import { merkleRoot } from '../../../crypto/merkle.ts'
import { fromBytes, toBytes, WORD_BYTES } from '../../../crypto/ring.ts'
import { addUnmasked } from '../../../crypto/zero-sum-masks.ts'
import { same } from '../../immutable.ts'
import type { EvidenceOf } from '../../messages/evidence.ts'
import { filledChunks } from '../../session/chunks.ts'
import { demand, type EvidenceKind } from '../judge.ts'
import { belongs, openAs, openContribution, openSession } from '../signed-session.ts'

export const FALSE_FINGERPRINT: EvidenceKind<EvidenceOf<'false-fingerprint'>> = {
  judge(evidence, context) {
    const session = openSession(evidence.open, context)
    const { from, manifest, selfKey } = openContribution(evidence, session, context)
    const claim = openAs(evidence.fingerprint, 'fingerprint', context)
    demand(claim.from === from && belongs(session, claim.body), 'a FINGERPRINT by somebody else, or of another session')
    const layout = filledChunks(session.opening)
    const { chunks } = evidence
    const whole =
      layout.length === chunks.length && layout.every(({ words }, at) => chunks[at]?.length === words * WORD_BYTES)
    demand(whole, 'not all chunks of the vector')
    demand(
      same(merkleRoot(chunks.map(chunk => sha256(chunk))), manifest.body.root),
      'chunks that the manifest does not commit to',
    )
    const sums = layout.map(({ start }, at) => {
      const opened = addUnmasked([{ masked: fromBytes(chunks[at] as Uint8Array), selfKey }], start)
      return fingerprint(opened, claim.body.challenge, start)
    })
    demand(!same(toBytes(addFingerprints(sums)), claim.body.sums), 'the fingerprint is right')
    return { accused: from, code: 'false-fingerprint' }
  },

  deed(evidence, context) {
    const { round } = openAs(evidence.fingerprint, 'fingerprint', context).body
    return (
      `signed a fingerprint in round ${round} that is not that of the update which it had committed to, and so made ` +
      'a right sum look wrong, or a wrong one right.'
    )
  },
}
