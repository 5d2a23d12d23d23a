/** A liar's own masked chunks, for scripts that send them late or altered. @module */

import { findPhase } from '../../protocols/round/data-phase.ts'
import type { Effect } from '../../protocols/round/effects.ts'
import { saidBy } from '../../protocols/round/facts.ts'
import type { AdversaryIo } from '../world/adversary.ts'
import { rosterOf, type SimulatedHospital } from '../world/hospital.ts'
import { MaskedChunks } from '../world/masked-chunks.ts'
import type { Packet } from '../world/packet.ts'

/** The packet of a `send` effect and its receiver; undefined once its session is over. */
export function chunkOf(
  { to, round, sid, chunk }: Extract<Effect, { type: 'send' }>,
  { hospital, hospitals }: AdversaryIo,
): { readonly to: SimulatedHospital; readonly packet: Extract<Packet, { kind: 'chunk' }> } | undefined {
  const opening = findPhase(hospital.state, sid)?.opening
  if (opening === undefined) return undefined
  const { peers, ranks } = rosterOf(hospital)
  const from = ranks.get(hospital.peer) ?? -1
  const owner = hospitals.find(({ peer }) => peer === peers[to])
  const manifest = saidBy(hospital.state, { type: 'manifest', view: opening.view, from })
  const masked = new MaskedChunks().of(hospital, { round, sid, owners: opening.owners.length, chunk })
  if (owner === undefined || manifest === undefined || masked === undefined) return undefined
  const { words, path } = masked
  return { to: owner, packet: { kind: 'chunk', round, sid, chunk, manifest: manifest.bytes, path, words } }
}
