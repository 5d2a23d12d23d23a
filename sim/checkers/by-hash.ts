/**
 * A part of invariant 8: what a hospital opens is what its hash names. Sums that were pulled are checked when they are
 * added to the model, whoever gave them; fingerprints would find a wrong one later, with all parts pulled again.
 *
 * @module
 */

import { sha256 } from '../../crypto/hash.ts'
import { hex } from '../../protocols/immutable.ts'
import type { CheckerFactory } from '../world/api.ts'
import { Violation } from '../world/violation.ts'

export const BY_HASH: CheckerFactory = () => ({
  name: 'by-hash',
  invariant: 8,
  effect: ({ honest, vault }, effect) => {
    if (!honest || effect.type !== 'compute' || effect.job.kind !== 'apply') return
    for (const hash of effect.job.sums) {
      const bytes = vault.sum(hash)
      // a crash may have lost it: the job says so
      if (bytes !== undefined && hex(sha256(bytes)) !== hash)
        throw new Violation(8, `other bytes than sum ${hash} names`)
    }
  },
})
