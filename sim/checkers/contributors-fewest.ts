/** Invariant 6: no hospital masks for, or certifies, fewer than min|P| contributors. @module */

import { decodeResultValue } from '../../protocols/messages/result-value.ts'
import type { CheckerFactory, WorldApi } from '../world/api.ts'
import { Violation } from '../world/violation.ts'
import { contributorsFewest } from './quorum.ts'

export const CONTRIBUTORS_FEWEST: CheckerFactory = () => {
  let fewest = 0
  const check = (members: readonly number[], round: number) => {
    if (new Set(members).size < fewest) throw new Violation(6, `${members.length} contributors only`, { round })
  }
  return {
    name: 'contributors-fewest',
    invariant: 6,
    begin: ({ document }: WorldApi) => {
      fewest = contributorsFewest(document)
    },
    effect: ({ honest }, effect) => {
      if (!honest) return
      if (effect.type === 'compute' && (effect.job.kind === 'mask' || effect.job.kind === 'reveal')) {
        check(effect.job.session.members, effect.job.round)
      }
      if (effect.type !== 'store') return
      for (const entry of effect.entries) {
        if (entry.kind !== 'link') continue
        const value = decodeResultValue(entry.link.value)
        if (value.outcome === 'result') check(value.members, entry.link.round)
      }
    },
  }
}
