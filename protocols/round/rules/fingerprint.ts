/** Sends FINGERPRINT: that of our own vector, without its self mask, under the round's challenge. @module */

import { hex, put } from '../../immutable.ts'
import type { RoundOutput } from '../../secure-sum/jobs.ts'
import { askFingerprint, challengeOf, published } from '../fingerprints.ts'
import { say } from '../say.ts'
import { said } from '../state.ts'
import type { Turn } from '../transition.ts'

/** Requests the fingerprint of our own vector, as soon as every chunk has a sum. */
export function fingerprintRule(turn: Turn): void {
  const { state, context } = turn
  if (state.commitment === null || state.outcome !== null || state.recomputedSums !== null) return
  const challenge = challengeOf(state)
  const member = context.self
  if (challenge === undefined || !state.commitment.opening.members.includes(member)) return
  if (published(state, { challenge, member }) !== undefined) return
  askFingerprint(turn, { challenge, member })
}

/** Publishes our own fingerprint; keeps one that we computed for another member to ourselves. */
export function fingerprinted(turn: Turn, output: Extract<RoundOutput, { kind: 'fingerprint' }>): void {
  const { state, context } = turn
  const { challenge, member, sums } = output
  if (state.commitment?.opening.sidHex !== output.sid) return
  if (member !== context.self) {
    turn.state = {
      ...state,
      computedFingerprints: put(state.computedFingerprints, `${hex(challenge)}/${member}`, sums),
    }
    return
  }
  const attempt = said(state, 'fingerprint').filter(({ from }) => from === member).length
  say(turn, { type: 'fingerprint', sid: state.commitment.opening.sid, attempt, challenge, sums })
}
