/**
 * Invariant 5: at most one vector is masked under a session. Two would share their masks and reveal their difference. A
 * vector that has not left its hospital may be made again.
 *
 * @module
 */

import { toBytes } from '../../crypto/ring.ts'
import { same } from '../../protocols/immutable.ts'
import type { CheckerFactory } from '../world/api.ts'
import { Violation } from '../world/violation.ts'

export const ONE_VECTOR: CheckerFactory = () => {
  /** bytes that have left, by hospital, session and chunk */
  const left = new Map<string, Uint8Array>()
  const leave = (key: string, bytes: Uint8Array, round: number) => {
    const before = left.get(key)
    if (before !== undefined && !same(before, bytes)) {
      throw new Violation(5, `two vectors were masked under session ${key.split('/')[1]}`, { round })
    }
    left.set(key, bytes)
  }
  return {
    name: 'one-vector',
    invariant: 5,
    packet: (from, _to, packet) => {
      if (!from.honest) return
      if (packet.kind === 'chunk') {
        leave(`${from.index}/${packet.sid}/${packet.chunk}`, toBytes(packet.words), packet.round)
      } else if (packet.kind === 'pulled' && packet.wanted.kind === 'chunk' && packet.bytes !== null) {
        const { sid, chunk, member } = packet.wanted
        // others' chunks are checked when they leave their own hospital
        if (member === from.context.roster.ranks.get(from.peer)) {
          leave(`${from.index}/${sid}/${chunk}`, packet.bytes, packet.round)
        }
      }
    },
  }
}
