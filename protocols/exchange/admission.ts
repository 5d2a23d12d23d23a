/**
 * Which messages of others a hospital takes in, by their round. The daemon and the simulator both ask here.
 *
 * @module
 */

import type { ProtocolError } from '../errors.ts'

/** Messages of the next round are kept until it begins (`protocols/round/receive.ts`); later ones are of no use yet. */
export const ROUNDS_AHEAD_MAX = 1
/** A peer that is a round ahead of us may just be quicker by a moment: only then it is asked what we lack. */
export const BEHIND_PATIENCE_MS = 400

export interface Admission {
  /** hand the message to the state machine and pass it on */
  readonly taken: boolean
  /** its sender is ahead of us: after `BEHIND_PATIENCE_MS` in the same round, compare with it */
  readonly behind: boolean
}

/**
 * What becomes of a message that verifies.
 *
 * @param theirs   the message's round
 * @param ours     the round that our state machine is in
 */
export function admissionOf(theirs: number, ours: number): Admission {
  const ahead = theirs - ours
  return { taken: ahead >= 0 && ahead <= ROUNDS_AHEAD_MAX, behind: ahead > 0 }
}

/**
 * What becomes of a message that does not verify: `reject` counts against the peer that passed it on, `ignore` does not.
 * A peer with a newer roster than ours passes on messages of hospitals that we do not know yet.
 */
export function refusalOf({ action, code }: ProtocolError): 'ignore' | 'reject' {
  return action === 'ignore' || code === 'not-in-roster' ? 'ignore' : 'reject'
}
