/**
 * Checks the sums: every contributor publishes a fingerprint under a challenge that was unpredictable before. When the
 * fingerprints do not fit, the sums are recomputed from all masked parts, which are safe to show after all releases.
 *
 * @module secure-aggregation: FINGERPRINT
 */

import { fromString } from 'uint8arrays/from-string'
import { fingerprintChallenge } from '../../crypto/fingerprint.ts'
import { hex, same } from '../immutable.ts'
import type { BodyOf, Message } from '../messages/messages.ts'
import type { Member } from '../roster/roster.ts'
import { filledChunks } from '../session/chunks.ts'
import { selfKeys, sumHashes } from './chunk-sums.ts'
import { sessionOf } from './data-phase.ts'
import { rowIn } from './message-table.ts'
import { fingerprintFor, mismatchUnder } from './once.ts'
import type { Commitment, RoundState } from './state.ts'
import { done, once, type Turn } from './transition.ts'

/** The challenge of this round's fingerprints: it commits to the sum of every chunk. */
export function challengeOf(state: RoundState): Uint8Array | undefined {
  const hashes = selfKeys(state) && sumHashes(state)
  const sid = state.commitment?.opening.sid
  if (hashes === undefined || sid === undefined) return undefined
  return fingerprintChallenge({ sid, sums: hashes.map(hash => fromString(hash, 'hex')) })
}

/** A member's own FINGERPRINT under a challenge. */
export function published(
  state: RoundState,
  { challenge, member }: { challenge: Uint8Array; member: Member },
): Message<BodyOf<'fingerprint'>> | undefined {
  for (let attempt = 0; ; attempt++) {
    const row = rowIn(state.messages, 'fingerprint', attempt)
    const message = row.get(member)
    if (message !== undefined && same(message.body.challenge, challenge)) return message
    if (row.size === 0) return undefined
  }
}

/** The fingerprint of a member's part of the sums: the one that we computed, else the one that it published. */
export function fingerprintOf(
  state: RoundState,
  of: { challenge: Uint8Array; member: Member },
): Uint8Array | undefined {
  return state.computedFingerprints.get(`${hex(of.challenge)}/${of.member}`) ?? published(state, of)?.body.sums
}

export function askFingerprint(turn: Turn, { challenge, member }: { challenge: Uint8Array; member: Member }): void {
  const { state, context } = turn
  if (!once(turn, fingerprintFor(hex(challenge), member))) return
  const session = sessionOf((state.commitment as Commitment).opening, context)
  const selfKey = selfKeys(state)?.get(member) as Uint8Array
  const job = { kind: 'fingerprint', round: state.round, session, challenge, member, selfKey } as const
  turn.effects.push({ type: 'compute', job })
}

/**
 * Contributors that we cannot confirm: we lack some of their parts, and have no fingerprint of theirs, or a mismatch.
 * When the void timer ends, the round ends VOID because of them.
 */
export function unconfirmed(state: RoundState, self: Member): Member[] {
  const challenge = state.recomputedSums === null ? challengeOf(state) : undefined
  if (challenge === undefined || state.commitment === null) return []
  const { opening } = state.commitment
  const held = state.phases.get(opening.view)?.held
  const mismatch = done(state, mismatchUnder(hex(challenge)))
  return opening.members.filter(member => {
    // our own parts are in our own masked vector
    if (member === self) return false
    if (!mismatch && fingerprintOf(state, { challenge, member }) !== undefined) return false
    return filledChunks(opening).some(({ index }) => !held?.has(`${index}/${member}`))
  })
}
