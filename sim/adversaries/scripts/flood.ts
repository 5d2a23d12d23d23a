/** A hospital that floods others with valid messages. @module */

import { INSTANCES, VIEWS_MAX } from '../../../protocols/messages/limits.ts'
import type { Content } from '../../../protocols/messages/messages.ts'
import type { AdversaryIo } from '../../world/adversary.ts'
import type { Random } from '../../world/random.ts'
import { about, junk, word } from '../messages.ts'
import { defineScript } from '../script.ts'

const KINDS = ['vote', 'manifest', 'loaded', 'missing', 'chunk-sum', 'fingerprint'] as const

function contentsOf(kind: (typeof KINDS)[number], view: number, random: Random): Content[] {
  const sid = junk(random)
  switch (kind) {
    case 'vote': {
      const types = ['prevote', 'precommit'] as const
      const value = random.chance(0.5) ? null : junk(random)
      return types.flatMap(type => INSTANCES.map(instance => ({ type, instance, view, value }) as const))
    }
    case 'manifest':
      return [{ type: kind, view, sid, root: sid, commitment: sid }]
    case 'loaded':
      return [{ type: kind, view, sid, chunk: 0, digest: sid }]
    case 'missing':
      return [{ type: kind, view, sid, chunk: 0, members: [0, 1, 2, 3] }]
    case 'chunk-sum':
      return [{ type: kind, sid, attempt: view, hash: sid }]
    case 'fingerprint':
      return [{ type: kind, sid, attempt: view, challenge: sid, sums: junk(random, 256) }]
  }
}

function pour(
  io: AdversaryIo,
  { from, to, kinds, random }: { from: number; to: number; kinds: readonly (typeof KINDS)[number][]; random: Random },
): void {
  for (let view = from; view < to; view++) {
    for (const kind of kinds) for (const content of contentsOf(kind, view, random)) io.publish(word(io, content))
  }
}

/**
 * Sends some thousand valid envelopes in each of two rounds, for all possible views. Each is allowed, so nothing is
 * proven; every hospital limits the bytes that it keeps of a member in a round, and no view begins by one hospital's
 * message. (Views that an honest round reaches are left out: its own messages there would contradict the flood.)
 */
export const FLOOD = defineScript({ name: 'flood', guilt: null }, (random, lied) => {
  const kinds = random.sample(KINDS, random.whole(2, 4))
  const rounds = new Set([random.whole(1, 3), random.whole(1, 3)])
  const first = 12
  return {
    intercept: (effect, io) => {
      const ready = about(effect, 'ready', io)
      if (ready === undefined || !rounds.delete(ready.round)) return [effect]
      lied(io)
      const step = 61
      for (let from = first; from < VIEWS_MAX; from += step) {
        const to = Math.min(VIEWS_MAX, from + step)
        io.after(random.between(0, 100), () => pour(io, { from, to, kinds, random }))
      }
      return [effect]
    },
  }
})
