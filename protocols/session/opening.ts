/**
 * A checked OPEN: the contributors P, the owners of chunks, and the session id that all keys derive from.
 *
 * @module
 */

import { isLowOrder } from '../../crypto/key-agreement.ts'
import { type Chunk, chunkLayout } from '../../crypto/layout.ts'
import { sessionId } from '../../crypto/transcript.ts'
import { ProtocolError } from '../errors.ts'
import { type BodyOf, is, type Message, type MessageContext, openMessage } from '../messages/messages.ts'
import type { Member } from '../roster/roster.ts'
import type { Dimensions } from '../study/plan.ts'
import { roundKind, type Scheduled } from '../study/rounds.ts'

export interface Opening {
  readonly view: number
  /** the OPEN's envelope */
  readonly wire: Uint8Array
  /** SHA-256 of the OPEN body */
  readonly hash: Uint8Array
  readonly sid: Uint8Array
  readonly sidHex: string
  /** P, ascending */
  readonly members: readonly Member[]
  /** O, ascending; chunk c belongs to owners[c] */
  readonly owners: readonly Member[]
  readonly chunks: readonly Chunk[]
  /** the round's ephemeral X25519 key of each contributor */
  readonly keys: ReadonlyMap<Member, Uint8Array>
  readonly readys: readonly Message<BodyOf<'ready'>>[]
}

export interface OpeningContext extends MessageContext {
  readonly contributorsMin: number
  readonly dimensions: Dimensions
  readonly document: Scheduled
}

function ascends(members: readonly number[]): boolean {
  return members.every((member, at) => at === 0 || (members[at - 1] as number) < member)
}

/**
 * Checks that a READY fits its round: it follows our last result, and its key is usable.
 *
 * @throws ProtocolError `other-result`, `low-order-key`
 */
export function checkReady(
  { from, body }: Message<BodyOf<'ready'>>,
  context: MessageContext,
  previous: Uint8Array,
): void {
  const peer = context.roster.peers[from] as string
  if (Buffer.compare(body.previous, previous) !== 0) {
    throw new ProtocolError('other-result', 'READY after another result than ours', { peer })
  }
  if (isLowOrder(body.key)) throw new ProtocolError('low-order-key', 'READY with an unusable key', { peer })
}

/**
 * Checks an OPEN against the round it claims to open.
 *
 * @throws ProtocolError `bad-open` with the reason, or the error of a READY inside
 */
export function checkOpening(message: Message<BodyOf<'open'>>, context: OpeningContext, previous: Uint8Array): Opening {
  const { view, round, owners, readys: wires } = message.body
  const fail = (why: string): never => {
    throw new ProtocolError('bad-open', why, { peer: context.roster.peers[message.from] as string })
  }
  const readys = wires.map(wire => {
    const ready = openMessage(wire, context)
    return is(ready, 'ready') ? ready : fail(`contains a ${ready.body.type} where a READY belongs`)
  })
  const members = readys.map(ready => ready.from)
  if (!ascends(members)) fail('contributors do not ascend strictly')
  if (members.length < context.contributorsMin) {
    fail(`${members.length} contributors, fewer than ${context.contributorsMin}`)
  }
  for (const ready of readys) {
    if (ready.body.round !== round) fail('contains a READY of another round')
    checkReady(ready, context, previous)
  }
  const willing = readys.filter(ready => ready.body.owner).map(ready => ready.from)
  const eligible = willing.length > 0 ? willing : members
  if (owners.length === 0 || !ascends(owners)) fail('owners do not ascend strictly')
  if (!owners.every(owner => eligible.includes(owner))) fail('an owner is not a willing contributor')
  if (view === 0 && owners.length !== eligible.length) fail('the first view leaves out a willing owner')
  const sid = sessionId({ study: context.study, round, view, open: message.hash })
  return {
    view,
    wire: message.bytes,
    hash: message.hash,
    sid,
    sidHex: Buffer.from(sid).toString('hex'),
    members,
    owners,
    chunks: chunkLayout(context.dimensions[roundKind(context.document, round)], owners.length),
    keys: new Map(readys.map(ready => [ready.from, ready.body.key])),
    readys,
  }
}
