/** The aim of the invariants: colluders learn one sum of every update, and no difference of two. @module */

import { sha256 } from '../../crypto/hash.ts'
import { hex } from '../../protocols/immutable.ts'
import { peerString } from '../../protocols/roster/roster.ts'
import type { CheckerFactory, WorldApi } from '../world/api.ts'
import type { SimulatedHospital } from '../world/hospital.ts'
import { Violation } from '../world/violation.ts'
import { DifferencingOracle } from './differencing.ts'
import { ledgerOf } from './ledger.ts'

/** Coalitions that are checked, at most, in worlds of many hospitals. */
const COALITIONS_MAX = 10

/** Coalitions: every t hospitals with consecutive indices, and all liars. */
function coalitionsOf({ hospitals, document }: WorldApi): string[][] {
  const { colluders } = document.privacy
  const peers = hospitals.map(({ peer }) => peer)
  const starts = peers.slice(0, COALITIONS_MAX).map((_, at) => at)
  const neighbours = starts.map(start =>
    Array.from({ length: colluders }, (_, i) => peers[(start + i) % peers.length]!),
  )
  const liars = hospitals.filter(({ honest }) => !honest).map(({ peer }) => peer)
  return [[], ...neighbours, ...(liars.length <= colluders ? [liars] : [])]
}

export const NO_DIFFERENCE: CheckerFactory = () => {
  const oracle = new DifferencingOracle()
  /** rounds with a release, and their rosters */
  const rounds = new Map<string, { readonly roster: number; readonly round: number }>()
  let world: WorldApi
  const listen = (hospital: SimulatedHospital, bytes: Uint8Array) => {
    const body = ledgerOf(world).open(hospital, bytes)?.body
    if (body?.type !== 'release') return
    oracle.releases(hex(body.sid), hospital.peer)
    rounds.set(`${body.roster}/${body.round}`, { roster: body.roster, round: body.round })
  }
  return {
    name: 'no-difference',
    invariant: null,
    begin: begun => {
      world = begun
    },
    effect: (hospital, effect) => {
      ledgerOf(world).hear(hospital, effect)
      if (effect.type === 'publish') listen(hospital, effect.bytes)
    },
    output: (hospital, job, output) => {
      if (job.kind !== 'mask' || output.kind !== 'mask') return
      const { members, ids } = job.session
      oracle.opens(
        output.sid,
        members.map(member => peerString(ids.get(member) as Uint8Array)),
      )
      const update = hospital.vault.update(job.round)
      // named by its words, so that a reused update has the same name
      const name = update && hex(sha256(new Uint8Array(update.buffer, update.byteOffset, update.byteLength)))
      oracle.masks(output.sid, hospital.peer, `${hospital.index}/${name ?? output.sid}`)
    },
    packet: (from, _to, packet) => {
      ledgerOf(world).overhear(from, packet)
      if (packet.kind === 'chunk') oracle.exposes(packet.sid, from.peer)
      else if (packet.kind === 'gossip' && !from.honest) listen(from, packet.bytes)
    },
    end: () => {
      const decided = [...rounds.values()].flatMap(round =>
        ledgerOf(world)
          .sessions(round)
          .map(({ sid }) => hex(sid)),
      )
      for (const coalition of coalitionsOf(world)) {
        const leak = oracle.leak(coalition, new Set(decided))
        if (leak === null) continue
        throw new Violation(null, `${coalition.length} colluding hospitals know ${leak.what}`)
      }
    },
  }
}
