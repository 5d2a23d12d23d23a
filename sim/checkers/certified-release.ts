/** Invariant 3: RELEASE only after a certificate that names its sid, and only by a contributor. @module */

import { same } from '../../protocols/immutable.ts'
import type { BodyOf, Message } from '../../protocols/messages/messages.ts'
import type { CheckerFactory, WorldApi } from '../world/api.ts'
import type { SimulatedHospital } from '../world/hospital.ts'
import { Violation } from '../world/violation.ts'
import { type Ledger, ledgerOf } from './ledger.ts'

export const CERTIFIED_RELEASE: CheckerFactory = () => {
  let world: WorldApi
  return {
    name: 'certified-release',
    invariant: 3,
    begin: begun => {
      world = begun
    },
    effect: (hospital, effect) => {
      const ledger = ledgerOf(world)
      ledger.hear(hospital, effect)
      if (effect.type !== 'publish' || !hospital.honest) return
      const message = ledger.open(hospital, effect.bytes)
      if (message?.body.type !== 'release') return
      check(ledger, hospital, message as Message<BodyOf<'release'>>)
    },
    packet: (from, _to, packet) => ledgerOf(world).overhear(from, packet),
  }
}

/** Requires a quorum of precommits for a value whose OPEN has this session. */
function check(ledger: Ledger, hospital: SimulatedHospital, { from, body }: Message<BodyOf<'release'>>): void {
  const { round, sid } = body
  const session = ledger.sessions(body).find(one => same(one.sid, sid))
  if (session === undefined) throw new Violation(3, 'RELEASE for a session that no quorum has decided on', { round })
  const members = session.open.body.readys.map(ready => ledger.open(hospital, ready)?.from)
  if (!members.includes(from)) throw new Violation(3, 'RELEASE by a hospital that does not contribute', { round })
}
