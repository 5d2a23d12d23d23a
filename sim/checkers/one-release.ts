/** Invariant 2: at most one RELEASE in a round ever, across restarts and rollback, and its charge is durable first. @module */

import { hex } from '../../protocols/immutable.ts'
import type { CheckerFactory, WorldApi } from '../world/api.ts'
import { Violation } from '../world/violation.ts'
import { ledgerOf } from './ledger.ts'

export const ONE_RELEASE: CheckerFactory = () => {
  const released = new Map<string, string>()
  let world: WorldApi
  return {
    name: 'one-release',
    invariant: 2,
    begin: begun => {
      world = begun
    },
    effect: (hospital, effect) => {
      if (effect.type !== 'publish' || !hospital.honest) return
      const body = ledgerOf(world).open(hospital, effect.bytes)?.body
      if (body?.type !== 'release') return
      const { round } = body
      const sid = hex(body.sid)
      const charged = hospital.disk.charges.some(charge => charge.round === round && hex(charge.sid) === sid)
      if (!charged) throw new Violation(2, `RELEASE for ${sid} without a charge in the log`, { round })
      const key = `${hospital.index}/${round}`
      const what = `${sid} ${hex(body.key)}`
      if ((released.get(key) ?? what) !== what) throw new Violation(2, 'two RELEASEs in one round', { round })
      released.set(key, what)
    },
  }
}
