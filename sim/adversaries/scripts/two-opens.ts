/** A proposer with two OPENs for one view. @module */

import { type BodyOf, openMessage } from '../../../protocols/messages/messages.ts'
import type { AdversaryIo } from '../../world/adversary.ts'
import { contextOf } from '../../world/hospital.ts'
import type { Random } from '../../world/random.ts'
import { about, junk, tellTwo, word } from '../messages.ts'
import { defineScript } from '../script.ts'

/** Another valid OPEN of the same view. */
function otherOpen(io: AdversaryIo, open: BodyOf<'open'>, random: Random): Uint8Array {
  const { hospital } = io
  const members = open.readys.map(ready => openMessage(ready, contextOf(hospital)).from)
  if (members.length > hospital.context.contributorsMin) {
    const dropped = random.pick(members)
    const readys = open.readys.filter((_, at) => members[at] !== dropped)
    return io.sign({ ...open, readys, owners: open.owners.filter(owner => owner !== dropped) })
  }
  // no member can be left out, so it has the same members, one of them with another key
  const own = members.indexOf(hospital.context.self)
  const { previous } = hospital.state
  const ready = word(io, { type: 'ready', previous, key: junk(random), owner: true })
  return io.sign({ ...open, readys: own < 0 ? [...open.readys].reverse() : open.readys.with(own, ready) })
}

/** Two valid OPENs; a hospital that sees both votes nil in that view, and has the evidence. */
export const TWO_OPENS = defineScript(
  { name: 'two-opens', guilt: { code: 'equivocation', evidence: 'equivocation' } },
  (random, lied) => ({
    intercept: (effect, io) => {
      const open = about(effect, 'open', io)
      if (effect.type !== 'publish' || open === undefined) return [effect]
      lied(io)
      tellTwo(io, random, [effect.bytes, otherOpen(io, open, random)])
      return []
    },
  }),
)
