/** A proposer with an invalid proof of lock. @module */

import { INSTANCES, VIEWS_MAX } from '../../../protocols/messages/limits.ts'
import { proposerOf } from '../../../protocols/round/facts.ts'
import type { AdversaryIo } from '../../world/adversary.ts'
import { contextOf } from '../../world/hospital.ts'
import { about, junk, tellAll, word } from '../messages.ts'
import { defineScript } from '../script.ts'

/** The first view, from `from` on, in which the liar is the proposer. */
function ownView({ hospital }: AdversaryIo, from: number): number | undefined {
  const context = contextOf(hospital)
  for (let view = from; view < VIEWS_MAX; view++) {
    if (proposerOf(context, hospital.state.round, view) === hospital.context.self) return view
  }
  return undefined
}

/**
 * Sends a PROPOSE that claims a lock with no votes, with its own only, with the same one several times, or from a
 * future view. It is invalid by itself, and its sender's signature is the proof.
 */
export const BAD_LOCK = defineScript(
  { name: 'bad-lock', guilt: { code: 'bad-proof', evidence: 'invalid' } },
  (random, lied) => {
    const instance = random.pick(INSTANCES)
    const kind = random.pick(['none', 'own', 'repeated', 'future'] as const)
    const rounds = new Set<number>()
    return {
      intercept: (effect, io) => {
        const ready = about(effect, 'ready', io)
        const view = ready && ownView(io, kind === 'future' ? 0 : 1)
        if (ready === undefined || view === undefined || rounds.has(ready.round)) return [effect]
        rounds.add(ready.round)
        lied(io)
        const value = junk(random, 64)
        const validView = kind === 'future' ? view : view - 1
        const vote = word(io, { type: 'prevote', instance, view: validView, value: junk(random) })
        const proof = kind === 'none' ? [] : Array<Uint8Array>(kind === 'repeated' ? 7 : 1).fill(vote)
        tellAll(io, word(io, { type: 'propose', instance, view, value, validView, proof }))
        return [effect]
      },
    }
  },
)
