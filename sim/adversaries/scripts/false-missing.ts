/** Owners that report contributors as missing although they have, or refused, their chunks. @module */

import { hex } from '../../../protocols/immutable.ts'
import { findPhase } from '../../../protocols/round/data-phase.ts'
import { chunksOf } from '../../../protocols/session/chunks.ts'
import type { AdversaryIo } from '../../world/adversary.ts'
import { rosterOf } from '../../world/hospital.ts'
import type { Random } from '../../world/random.ts'
import { about, hushed, tellAll, word } from '../messages.ts'
import { defineScript } from '../script.ts'

/** Draws other contributors of a session. */
function victimsOf({ hospital }: AdversaryIo, sid: string, random: Random): number[] {
  const { context, state } = hospital
  const members = findPhase(state, sid)?.opening.members ?? []
  const others = members.filter(member => member !== context.self)
  return random.sample(others, random.whole(1, others.length)).sort((a, b) => a - b)
}

/**
 * Takes every chunk, gives receipts, and says MISSING instead of LOADED. Its own receipt proves the lie; its victims
 * stay, and it loses its chunk.
 */
export const FALSE_MISSING = defineScript(
  { name: 'false-missing', guilt: { code: 'false-missing', evidence: 'false-missing' } },
  (random, lied) => {
    let hidden = 0
    return {
      intercept: (effect, io) => {
        const loaded = about(effect, 'loaded', io)
        if (loaded === undefined) return [effect]
        const { digest: _, ...rest } = loaded
        const members = victimsOf(io, hex(loaded.sid), random)
        // the proving receipts are with the victims, and a victim that lies itself need not show its own
        const honest = io.hospitals
          .filter(other => other.honest)
          .map(({ peer }) => rosterOf(io.hospital).ranks.get(peer))
        lied(io, { provable: members.some(member => honest.includes(member)) })
        hidden = loaded.round
        tellAll(io, io.sign({ ...rest, type: 'missing', members }))
        return []
      },
      packet: hushed(round => round === hidden),
    }
  },
)

/**
 * Refuses the chunks of one hospital, without a receipt, and reports it missing, at once or at the end of the time for
 * data. A cut line looks the same, so nothing is proven; at most f owners do so, and they lose their chunks.
 */
export const REFUSED_CHUNK = defineScript({ name: 'refused-chunk', guilt: null }, (random, lied) => {
  const early = random.chance(0.5)
  const draw = random.word()
  const victimIn = ({ hospital, hospitals }: AdversaryIo) => {
    const others = hospitals.filter(other => other !== hospital)
    return others[draw % others.length]!
  }
  return {
    intercept: (effect, io) => {
      const manifest = early ? about(effect, 'manifest', io) : undefined
      const opening = manifest && findPhase(io.hospital.state, hex(manifest.sid))?.opening
      const victim = rosterOf(io.hospital).ranks.get(victimIn(io).peer) ?? -1
      const [chunk] = opening === undefined ? [] : chunksOf(opening, io.hospital.context.self)
      if (opening === undefined || chunk === undefined || !opening.members.includes(victim)) return [effect]
      lied(io)
      const { sid, view } = opening
      tellAll(io, word(io, { type: 'missing', view, sid, chunk: chunk.index, members: [victim] }))
      return [effect]
    },
    packet: (from, packet, io) => {
      if (packet.kind !== 'chunk' || from !== victimIn(io)) return true
      lied(io)
      return false
    },
  }
})
