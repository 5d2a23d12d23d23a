/**
 * A premise of invariant 11: f liars cannot exclude an honest, present hospital from a round. A member of an earlier
 * view that is not in a later one was lost to its proposer, sits the round out, or is reported missing by more than f
 * owners.
 *
 * @module secure-aggregation: "DATA"
 */

import type { Message } from '../../protocols/messages/messages.ts'
import { rowIn } from '../../protocols/round/message-table.ts'
import { said } from '../../protocols/round/state.ts'
import type { CheckerFactory, WorldApi } from '../world/api.ts'
import type { SimulatedHospital } from '../world/hospital.ts'
import { Violation } from '../world/violation.ts'
import { ledgerOf } from './ledger.ts'
import { quorumSizes } from './quorum.ts'

/** The owners who have reported a member missing in the round, as one hospital knows it. */
function reportersOf({ state }: SimulatedHospital, member: number): Set<number> {
  const reporters = new Set<number>()
  for (const { from, body } of said(state, 'missing')) if (body.members.includes(member)) reporters.add(from)
  return reporters
}

export const EXCLUSION: CheckerFactory = () => {
  let world: WorldApi
  const check = (hospital: SimulatedHospital, open: Message, members: ReadonlySet<number | undefined>) => {
    const { state } = hospital
    const { faulty } = quorumSizes(world.document, state.roster.hospitals.length)
    for (const { opening } of state.phases.values()) {
      for (const member of opening.members) {
        const honest = world.hospitalAt(hospital, member)?.honest
        const away = state.lost.has(member) || rowIn(state.messages, 'sit-out').has(member)
        const accused = [...state.doubled.values()].some(({ from }) => from === member)
        if (!honest || members.has(member) || away || accused) continue
        const { size } = reportersOf(hospital, member)
        if (size <= faulty) {
          throw new Violation(11, `${member} is kept out of a view, reported missing by ${size}`, {
            round: open.body.round,
          })
        }
      }
    }
  }
  return {
    name: 'exclusion',
    invariant: 11,
    begin: begun => {
      world = begun
    },
    effect: (hospital, effect) => {
      if (effect.type !== 'publish' || !hospital.honest) return
      const ledger = ledgerOf(world)
      const open = ledger.open(hospital, effect.bytes)
      // after a restart it repeats messages from before, when it knew more
      if (open?.body.type !== 'open' || open.body.view === 0 || hospital.state.resumed) return
      const members = new Set(open.body.readys.map(ready => ledger.open(hospital, ready)?.from))
      check(hospital, open, members)
    },
  }
}
