/**
 * Which messages of others a hospital takes in, by their round. The daemon and the simulator both ask here.
 *
 * @module
 */

import { ProtocolError } from '../errors.ts'
import type { Message } from '../messages/messages.ts'

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

/** What becomes of what is refused: `reject` counts against the peer that sent it, `ignore` does not. */
export function refusalOf({ action }: ProtocolError): 'ignore' | 'reject' {
  return action === 'ignore' ? 'ignore' : 'reject'
}

/**
 * Opens messages that a peer passes on in a comparison. It may hold messages of another roster than ours: those are left
 * out, and the others are taken.
 *
 * @param open    `openMessage` under our roster
 * @returns the messages up to the first that no honest peer passes on, and that fault
 */
export function openRelayed(
  wires: readonly Uint8Array[],
  open: (wire: Uint8Array) => Message,
): { readonly messages: readonly Message[]; readonly fault: ProtocolError | null } {
  const messages: Message[] = []
  for (const wire of wires) {
    try {
      messages.push(open(wire))
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      if (refusalOf(error) === 'reject') return { messages, fault: error }
    }
  }
  return { messages, fault: null }
}
