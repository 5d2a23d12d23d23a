/** Computes the next checkpoint once a round's sum is confirmed. @module */

import { hex } from '../../immutable.ts'
import { sumHashes } from '../chunk-sums.ts'
import { sessionOf } from '../data-phase.ts'
import { challengeOf, fingerprintOf } from '../fingerprints.ts'
import { APPLY_RECOMPUTED, applyUnder } from '../once.ts'
import { once, type Turn } from '../transition.ts'

/** With all sums and fingerprints, requests one job: it opens the vector, applies it, and makes the checkpoint. */
export function applyRule(turn: Turn): void {
  const { state, context } = turn
  if (state.commitment === null || state.outcome !== null) return
  const sums = sumHashes(state)
  if (sums === undefined || !sums.every(hash => state.sums.has(hash))) return
  const { opening } = state.commitment
  const session = sessionOf(opening, context)
  const job = { kind: 'apply', round: state.round, session, sums } as const
  if (state.recomputedSums !== null) {
    if (once(turn, APPLY_RECOMPUTED)) turn.effects.push({ type: 'compute', job: { ...job, fingerprints: null } })
    return
  }
  const challenge = challengeOf(state)
  if (challenge === undefined) return
  const all = opening.members.map(member => fingerprintOf(state, { challenge, member }))
  if (!all.every(one => one !== undefined) || !once(turn, applyUnder(hex(challenge)))) return
  turn.effects.push({ type: 'compute', job: { ...job, fingerprints: { challenge, sums: all } } })
}
