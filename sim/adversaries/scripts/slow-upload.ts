/** A slow contributor. @module */

import { chunkOf } from '../chunks.ts'
import { defineScript } from '../script.ts'

/**
 * Sends its chunks late: just before the deadline, just after, or differently to each owner. Slowness is no lie; a
 * contributor that is too slow is left out.
 */
export const SLOW_UPLOAD = defineScript({ name: 'slow-upload', guilt: null }, (random, lied) => {
  const meanMs = random.pick([500, 4000, 8000])
  const spread = random.pick([0.05, 1])
  return {
    intercept: (effect, io) => {
      if (effect.type !== 'send') return [effect]
      const { state } = io.hospital
      lied(io)
      io.after(meanMs * (1 - spread / 2 + spread * random.unit()), () => {
        const chunk = state.round === io.hospital.state.round ? chunkOf(effect, io) : undefined
        if (chunk === undefined) return
        io.transmit(chunk.to, chunk.packet)
      })
      return []
    },
  }
})
