/** Invariant 7: no two certificates for different values of one agreement, and one transcript for all. @module */

import { hex, same } from '../../protocols/immutable.ts'
import type { CheckerFactory, WorldApi } from '../world/api.ts'
import type { SimulatedHospital } from '../world/hospital.ts'
import { Violation } from '../world/violation.ts'
import { ledgerOf } from './ledger.ts'

export const ONE_CERTIFICATE: CheckerFactory = () => {
  const links = new Map<number, string>()
  let world: WorldApi
  const checkVotes = (hospital: SimulatedHospital, bytes: Uint8Array) => {
    const ledger = ledgerOf(world)
    const body = ledger.open(hospital, bytes)?.body
    if (body?.type !== 'precommit' || body.value === null) return
    const { instance, round } = body
    if (ledger.decided(body).length > 1) {
      throw new Violation(7, `two values have a quorum in the ${instance} of one round`, { round })
    }
  }
  return {
    name: 'one-certificate',
    invariant: 7,
    begin: begun => {
      world = begun
    },
    effect: (hospital, effect) => {
      ledgerOf(world).hear(hospital, effect)
      if (!hospital.honest) return
      if (effect.type === 'publish') checkVotes(hospital, effect.bytes)
      if (effect.type !== 'store') return
      for (const entry of effect.entries) {
        if (entry.kind === 'halt') throw new Violation(7, 'halts over certificates that contradict each other')
        if (entry.kind !== 'link') continue
        const { round, value } = entry.link
        if ((links.get(round) ?? hex(value)) !== hex(value)) throw new Violation(7, 'two transcripts', { round })
        links.set(round, hex(value))
      }
    },
    packet: (from, _to, packet) => ledgerOf(world).overhear(from, packet),
    end: ({ hospitals }) => {
      const last = Math.max(0, ...links.keys())
      const done = hospitals.filter(({ honest, disk }) => honest && disk.links.length === last)
      const [first] = done
      for (const { index, state } of done) {
        if (first && !same(state.previous, first.state.previous)) {
          throw new Violation(7, `${index} and ${first.index} have different results of one transcript`)
        }
      }
    },
  }
}
