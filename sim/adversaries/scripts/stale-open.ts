/** A proposer whose OPEN holds stale messages. @module */

import { openMessage } from '../../../protocols/messages/messages.ts'
import { contextOf } from '../../world/hospital.ts'
import { about, hushed, tellAll } from '../messages.ts'
import { defineScript } from '../script.ts'

/** An OPEN in which one READY is replaced: by its member's READY of an earlier round, or by a copy of another one. */
export const STALE_OPEN = defineScript(
  { name: 'stale-open', guilt: { code: 'bad-open', evidence: 'invalid' } },
  (random, lied) => {
    const kept = new Map<number, Uint8Array>()
    let hidden = 0
    return {
      intercept: (effect, io) => {
        const open = about(effect, 'open', io)
        if (effect.type !== 'publish' || open === undefined) return [effect]
        const at = random.below(open.readys.length)
        const { from } = openMessage(open.readys[at]!, contextOf(io.hospital))
        const stale = kept.get(from) ?? open.readys[(at + 1) % open.readys.length]!
        for (const ready of open.readys) kept.set(openMessage(ready, contextOf(io.hospital)).from, ready)
        lied(io)
        hidden = open.round
        tellAll(io, io.sign({ ...open, readys: open.readys.with(at, stale) }))
        return []
      },
      packet: hushed(round => round === hidden),
    }
  },
)
