/** A contributor whose chunks differ from those that its MANIFEST commits to. @module */

import { chunkOf } from '../chunks.ts'
import { defineScript } from '../script.ts'

/**
 * Sends some owners a chunk with one word changed, or with a word too few. The owner refuses it and gives no receipt:
 * for the protocol it never arrived. Chunks are unsigned under a signed MANIFEST, and the owner could have forged the
 * wrong bytes, so nothing is proven: owners say MISSING, and the next view leaves out one side or the other.
 */
export const ALTERED_CHUNK = defineScript({ name: 'altered-chunk', guilt: null }, (random, lied) => {
  const deprived = random.pick([0.3, 0.6, 1])
  const short = random.chance(0.3)
  const words = (honest: Uint32Array): Uint32Array => {
    if (short) return honest.slice(1)
    return honest.with(random.below(honest.length), random.word())
  }
  return {
    intercept: (effect, io) => {
      if (effect.type !== 'send' || !random.chance(deprived)) return [effect]
      const chunk = chunkOf(effect, io)
      if (chunk === undefined) return [effect]
      lied(io)
      io.transmit(chunk.to, { ...chunk.packet, words: words(chunk.packet.words) })
      return []
    },
  }
})
