/** Invariant 1: one vote per slot; likewise one message of any kind, in the log before it is published. @module */

import { same } from '../../protocols/immutable.ts'
import { slotOf } from '../../protocols/messages/messages.ts'
import type { Checker, CheckerFactory, WorldApi } from '../world/api.ts'
import { Violation } from '../world/violation.ts'
import { ledgerOf } from './ledger.ts'

/** Holds across all restarts of a hospital, and after any rollback of its disk. */
export const ONE_MESSAGE: CheckerFactory = () => {
  const said = new Map<string, Uint8Array>()
  let world: WorldApi
  const checker: Checker = {
    name: 'one-message',
    invariant: 1,
    begin: begun => {
      world = begun
    },
    effect: (hospital, effect) => {
      if (effect.type !== 'publish' || !hospital.honest) return
      const message = ledgerOf(world).open(hospital, effect.bytes)
      if (message === undefined) throw new Violation(1, 'something is published that nobody can open')
      const { round, roster, type } = message.body
      const slot = slotOf(message)
      const logged = hospital.disk.own.get(round)?.get(slot)
      if (logged === undefined || !same(logged, effect.bytes)) {
        throw new Violation(1, `${type} in ${slot} is published and not in the log`, { round })
      }
      const key = `${hospital.index}/${roster}/${round}/${slot}`
      const before = said.get(key)
      if (before !== undefined && !same(before, effect.bytes))
        throw new Violation(1, `two messages in ${slot}`, { round })
      said.set(key, effect.bytes)
    },
  }
  return checker
}
