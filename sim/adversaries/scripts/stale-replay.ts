/** A hospital that replays messages in other contexts. @module */

import { encodeBody, openMessage } from '../../../protocols/messages/messages.ts'
import { contextOf } from '../../world/hospital.ts'
import { about, junk, othersOf } from '../messages.ts'
import { defineScript } from '../script.ts'

const KEPT_MAX = 400

/**
 * Replays other hospitals' messages, rounds and views later, and sends its own, signed for another study or roster.
 * Envelopes name their study, roster, round and view, so all of them are dropped; an old message is no lie of its
 * signer, and gossip does not reveal who sent it, so nothing is proven.
 */
export const STALE_REPLAY = defineScript({ name: 'stale-replay', guilt: null }, (random, lied) => {
  const burst = random.whole(5, 60)
  const kept: Uint8Array[] = []
  return {
    packet: (_from, packet) => {
      if (packet.kind !== 'gossip') return true
      if (kept.length < KEPT_MAX) kept.push(packet.bytes)
      else kept[random.below(KEPT_MAX)] = packet.bytes
      return true
    },
    intercept: (effect, io) => {
      if (effect.type !== 'publish') return [effect]
      lied(io)
      for (const bytes of random.sample(kept, burst)) io.send(random.pick(othersOf(io)), bytes)
      const { body } = openMessage(effect.bytes, contextOf(io.hospital))
      const { seal } = io.hospital.context
      for (const other of othersOf(io)) io.send(other, seal(encodeBody({ ...body, study: junk(random) })))
      if (about(effect, 'ready', io)) io.publish(io.sign({ ...body, roster: body.roster + 1 }))
      return [effect]
    },
  }
})
