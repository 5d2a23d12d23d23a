/**
 * A quorum's signed votes, which any member can check: a PROPOSE's proof of lock, or the certificate of a decision.
 *
 * Each member counts the first vote that it receives from another one. A faulty member may send two members two
 * different votes, so one member proves its count to another by the envelopes themselves.
 *
 * @module
 */

import { ProtocolError } from '../errors.ts'
import type { Instance } from '../messages/limits.ts'
import { is, type Message, type MessageContext, openMessage } from '../messages/messages.ts'
import type { Member } from '../roster/roster.ts'
import type { VotePhase } from './agreement.ts'

/** The phase, instance, round, view and value that every vote of a proof must name. */
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
 * @throws ProtocolError `bad-proof`, or the error of a vote inside
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

/** Whether a message is a vote for exactly this value, in this round and view of this instance. */
function isVoteFor(message: Message, { phase, instance, round, view, id }: Proven): boolean {
  if (!is(message, phase)) return false
  const { body } = message
  if (body.instance !== instance || body.round !== round || body.view !== view) return false
  return body.value !== null && Buffer.compare(body.value, id) === 0
}

/** A quorum of such votes among our messages, in the order of the roster, or undefined while there are too few. */
export function collectProof(messages: Iterable<Message>, proven: Proven, quorum: number): Uint8Array[] | undefined {
  const votes: Message[] = []
  for (const message of messages) if (isVoteFor(message, proven)) votes.push(message)
  if (votes.length < quorum) return undefined
  votes.sort((a, b) => a.from - b.from)
  return votes.slice(0, quorum).map(message => message.bytes)
}
