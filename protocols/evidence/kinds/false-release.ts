/** A RELEASE whose key does not open the commitment of its signer. @module */

import { opens } from '../../../crypto/commitment.ts'
import { same } from '../../immutable.ts'
import type { EvidenceOf } from '../../messages/evidence.ts'
import { demand, type EvidenceKind } from '../judge.ts'
import { openAs } from '../signed-session.ts'

export const FALSE_RELEASE: EvidenceKind<EvidenceOf<'false-release'>> = {
  judge(evidence, context) {
    const manifest = openAs(evidence.manifest, 'manifest', context)
    const release = openAs(evidence.release, 'release', context)
    demand(manifest.from === release.from, 'a MANIFEST and a RELEASE of two hospitals')
    demand(manifest.body.round === release.body.round, 'a MANIFEST and a RELEASE of two rounds')
    demand(same(manifest.body.sid, release.body.sid), 'a MANIFEST and a RELEASE of two sessions')
    demand(!opens(manifest.body.commitment, release.body.key), 'the key opens its commitment')
    return { accused: release.from, code: 'false-release' }
  },

  deed(evidence, context) {
    const { round } = openAs(evidence.release, 'release', context).body
    return (
      `released a key in round ${round} that is not the one it had committed to, so that the sum of that round ` +
      'could not be opened with it.'
    )
  },
}
