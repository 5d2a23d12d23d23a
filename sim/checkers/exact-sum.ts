/** Invariant 8: the certified sum is the exact sum of the vectors that the contributors have committed to. @module */

import { TAG_SUM } from '../../crypto/domain.ts'
import { sha256 } from '../../crypto/hash.ts'
import { addInto, toBytes } from '../../crypto/ring.ts'
import { hex, same } from '../../protocols/immutable.ts'
import { decodeResultValue } from '../../protocols/messages/result-value.ts'
import { peerString } from '../../protocols/roster/roster.ts'
import { roundKind } from '../../protocols/study/rounds.ts'
import type { Link } from '../../protocols/transcript/link.ts'
import type { CheckerFactory, WorldApi } from '../world/api.ts'
import { Violation } from '../world/violation.ts'

export const EXACT_SUM: CheckerFactory = () => {
  /** PeerIds of the contributors, by session, because ranks change with the roster */
  const contributors = new Map<string, readonly string[]>()
  const checked = new Set<string>()
  let world: WorldApi

  const check = ({ round, value: wire }: Link) => {
    const value = decodeResultValue(wire)
    if (value.outcome === 'void' || checked.has(hex(wire))) return
    checked.add(hex(wire))
    const sid = hex(value.sid)
    const peers = contributors.get(sid)
    if (peers?.length !== value.members.length)
      throw new Violation(8, 'a sum of others than its contributors', { round })
    const sum = new Uint32Array(
      world.hospitals[0]!.context.dimensions[roundKind(world.hospitals[0]!.context.document, round)],
    )
    for (const peer of peers) {
      const input = world.hospitals.find(hospital => hospital.peer === peer)?.vault.inputs.get(sid)
      if (input === undefined) throw new Violation(8, `${peer} has put in nothing`, { round })
      addInto(sum, new Uint32Array(input.buffer, input.byteOffset, input.length))
    }
    if (!same(value.sum, sha256(TAG_SUM, toBytes(sum)))) {
      throw new Violation(8, 'the sum is not that of what was committed', { round })
    }
  }

  return {
    name: 'exact-sum',
    invariant: 8,
    begin: begun => {
      world = begun
    },
    output: (_, job, output) => {
      if (job.kind !== 'mask' || output.kind !== 'mask') return
      contributors.set(
        output.sid,
        job.session.members.map(member => peerString(job.session.ids.get(member) as Uint8Array)),
      )
    },
    effect: ({ honest }, effect) => {
      if (effect.type !== 'store' || !honest) return
      for (const entry of effect.entries) if (entry.kind === 'link') check(entry.link)
    },
  }
}
