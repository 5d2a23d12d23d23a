/** A hospital that sends malformed frames. @module */

import { encode } from '../../../protocols/encoding/codec.ts'
import { MESSAGE_BYTES_MAX } from '../../../protocols/messages/limits.ts'
import { openMessage } from '../../../protocols/messages/messages.ts'
import type { AdversaryIo } from '../../world/adversary.ts'
import { contextOf } from '../../world/hospital.ts'
import type { Packet } from '../../world/packet.ts'
import type { Random } from '../../world/random.ts'
import { junk, othersOf } from '../messages.ts'
import { defineScript } from '../script.ts'

/** Changes a valid envelope into bytes that are no envelope of this study. */
function malformed(honest: Uint8Array, io: AdversaryIo, random: Random): Uint8Array {
  const { hospital } = io
  const { body } = openMessage(honest, contextOf(hospital))
  const { seal } = hospital.context
  switch (random.below(8)) {
    case 0:
      return new Uint8Array(0)
    case 1:
      return junk(random, random.whole(1, 400))
    case 2:
      return honest.slice(0, random.below(honest.length))
    case 3:
      return new Uint8Array(MESSAGE_BYTES_MAX + 1 + random.below(1 << 20))
    case 4:
      return honest.with(random.below(honest.length), random.below(256))
    case 5:
      return seal(encode({ ...body, view: random.pick([-1, 1.5, 2 ** 40, 'none']) }))
    case 6:
      return seal(encode([body, [], {}]))
    default:
      return seal(encode({ ...body, surplus: junk(random, 70_000) }))
  }
}

/** Unrequested or meaningless stream packets. */
function nonsense(io: AdversaryIo, random: Random): Packet {
  const { round } = io.hospital.state
  const bytes = junk(random, random.whole(0, 300))
  const sid = Buffer.from(junk(random)).toString('hex')
  const wanted = { kind: 'sum', hash: sid } as const
  const ticket = random.below(1000)
  switch (random.below(5)) {
    case 0:
      return { kind: random.pick(['summary', 'fill', 'push'] as const), bytes, ticket }
    case 1:
      return { kind: 'receipt', round, sid, chunk: random.below(200), receipt: bytes }
    case 2:
      return { kind: 'pulled', round, wanted, bytes, path: [], ticket }
    case 3:
      return { kind: 'pull', round, wanted: { kind: 'chunk', sid, chunk: -1, member: 77 }, owners: 3, ticket }
    default:
      return { kind: 'chunk', round, sid, chunk: 999, manifest: bytes, path: [bytes], words: new Uint32Array(3) }
  }
}

/**
 * Sends oversized and malformed frames besides its messages. They are refused before they are interpreted: most are not
 * even signed, and a node that drops them keeps no evidence.
 */
export const MALFORMED = defineScript({ name: 'malformed', guilt: null }, (random, lied) => {
  const each = random.whole(1, 6)
  return {
    intercept: (effect, io) => {
      if (effect.type !== 'publish') return [effect]
      lied(io)
      for (let i = 0; i < each; i++) {
        io.send(random.pick(othersOf(io)), malformed(effect.bytes, io, random))
        io.transmit(random.pick(othersOf(io)), nonsense(io, random))
      }
      return [effect]
    },
  }
})
