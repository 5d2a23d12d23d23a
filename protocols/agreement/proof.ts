/**
 * A quorum's votes as others can check them: the proof of lock inside a PROPOSE, the certificate of a decision.
 *
 * Our own count keeps the first vote of a slot. A faulty member may tell two members two things, so what one of them
 * counted must be shown to the other, envelope by envelope.
 *
 * @module
 */

import { ProtocolError } from '../errors.ts'
import type { Instance } from '../messages/limits.ts'
import { is, type Message, type MessageContext, openMessage } from '../messages/messages.ts'
import type { Member } from '../roster/roster.ts'
import type { VotePhase } from './agreement.ts'

/** What every vote of a proof must be for. */
export interface Proven {
  readonly phase: VotePhase
  readonly instance: Instance
  readonly round: number
  readonly view: number
  /** 32 bytes */
  readonly id: Uint8Array
}

/**
 * Checks that a quorum voted for one value in one view.
 *
 * @param wires envelopes of votes, as received
 * @throws ProtocolError `bad-proof`, or whatever a vote inside is refused for
 */
export function checkProof(
  wires: readonly Uint8Array[],
  proven: Proven,
  context: MessageContext & { readonly quorum: number },
): void {
  const voters = new Set<Member>()
  for (const wire of wires) {
    const message = openMessage(wire, context)
    if (!isVoteFor(message, proven)) {
      throw new ProtocolError('bad-proof', `holds something else than a ${proven.phase} of view ${proven.view}`)
    }
    voters.add(message.from)
  }
  if (voters.size < context.quorum) {
    throw new ProtocolError('bad-proof', `${voters.size} votes where ${context.quorum} are a quorum`)
  }
}

/** True for a vote for exactly this value, in this view of this instance. */
export function isVoteFor(message: Message, { phase, instance, round, view, id }: Proven): boolean {
  if (!is(message, phase)) return false
  const { body } = message
  if (body.instance !== instance || body.round !== round || body.view !== view) return false
  return body.value !== null && Buffer.compare(body.value, id) === 0
}

/** A quorum of such votes out of what we hold, in the order of the roster, or undefined while there are too few. */
export function collectProof(messages: Iterable<Message>, proven: Proven, quorum: number): Uint8Array[] | undefined {
  const votes: Message[] = []
  for (const message of messages) if (isVoteFor(message, proven)) votes.push(message)
  if (votes.length < quorum) return undefined
  votes.sort((a, b) => a.from - b.from)
  return votes.slice(0, quorum).map(message => message.bytes)
}
