/**
 * A premise of invariant 7: after precommitting a value a hospital prevotes no other one, unless a quorum has prevoted
 * that one since (Buchman, Kwon, Milosevic: The latest gossip on BFT consensus, 2018, algorithm 1, line 29).
 *
 * @module
 */

import { hex } from '../../protocols/immutable.ts'
import type { CheckerFactory, WorldApi } from '../world/api.ts'
import { Violation } from '../world/violation.ts'
import { ledgerOf } from './ledger.ts'

export const LOCK: CheckerFactory = () => {
  const locks = new Map<string, { readonly id: string; readonly view: number }>()
  let world: WorldApi
  return {
    name: 'lock',
    invariant: 7,
    begin: begun => {
      world = begun
    },
    effect: (hospital, effect) => {
      const ledger = ledgerOf(world)
      ledger.hear(hospital, effect)
      if (effect.type !== 'publish' || !hospital.honest) return
      const body = ledger.open(hospital, effect.bytes)?.body
      if ((body?.type !== 'prevote' && body?.type !== 'precommit') || body.value === null) return
      const { round, roster, instance, view } = body
      const id = hex(body.value)
      const key = `${hospital.index}/${roster}/${round}/${instance}`
      const lock = locks.get(key)
      if (body.type === 'precommit') {
        if (lock === undefined || lock.view <= view) locks.set(key, { id, view })
        return
      }
      if (lock === undefined || lock.id === id || view <= lock.view) return
      const since = Array.from({ length: view - lock.view }, (_, at) => lock.view + at)
      if (!since.some(one => ledger.prevoted(body, one, id))) {
        throw new Violation(7, `prevotes against its own lock in the ${instance}, view ${view}`, { round })
      }
    },
    packet: (from, _to, packet) => ledgerOf(world).overhear(from, packet),
  }
}
