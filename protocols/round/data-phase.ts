/**
 * The data phase of a view: its session, masked chunks, receipts, manifests and LOADED messages. Rules over these facts
 * may run at any time; a rule acts once, when its facts are there.
 *
 * @module
 */

import type { Chunk } from '../../crypto/layout.ts'
import { put, remember, same } from '../immutable.ts'
import type { BodyOf, Message } from '../messages/messages.ts'
import type { Member } from '../roster/roster.ts'
import type { Session } from '../secure-sum/jobs.ts'
import { chunksOf, loadedDigest } from '../session/chunks.ts'
import type { Opening } from '../session/opening.ts'
import type { StepContext } from './context.ts'
import type { RoundEvent } from './events.ts'
import { saidBy } from './facts.ts'
import { type Row, rowIn } from './message-table.ts'
import type { DataPhase, RoundState } from './state.ts'
import type { Turn } from './transition.ts'

/** The session data that jobs need. */
export function sessionOf({ sid, members, owners, keys }: Opening, { roster, self }: StepContext): Session {
  const ids = new Map(members.map(member => [member, roster.hospitals[member]?.id as Uint8Array]))
  return { sid, self, members, ids, owners: owners.length, keys }
}

/** The data phase of a session of this round, by hex sid. */
export function findPhase(state: RoundState, sid: string): DataPhase | undefined {
  for (const phase of state.phases.values()) if (phase.opening.sidHex === sid) return phase
  return undefined
}

export function setDataPhase(turn: Turn, phase: DataPhase): void {
  turn.state = { ...turn.state, phases: put(turn.state.phases, phase.opening.view, phase) }
}

export function sendChunk(turn: Turn, opening: Opening, chunk: number): void {
  const to = opening.owners[chunk] as Member
  if (to === turn.context.self) return
  turn.effects.push({ type: 'send', to, round: turn.state.round, sid: opening.sidHex, chunk })
}

/** Records an owner's receipt for our chunk: it refutes a later claim that the chunk is missing. */
export function noteReceipt(turn: Turn, { sid, chunk, from, receipt }: Extract<RoundEvent, { type: 'receipt' }>): void {
  const phase = findPhase(turn.state, sid)
  // a disconnected peer may have lost the chunks of its receipt
  if (phase === undefined || !turn.state.connected.has(from)) return
  setDataPhase(turn, { ...phase, receipts: put(phase.receipts, chunk, { from, receipt }) })
}

/** Drops the receipts of a disconnected peer, which may have lost the chunks. */
export function forgetReceipts(turn: Turn, member: Member): void {
  const phase = turn.state.phases.get(turn.state.commit.view)
  if (phase === undefined) return
  const receipts = new Map([...phase.receipts].filter(([, { from }]) => from !== member))
  if (receipts.size < phase.receipts.size) setDataPhase(turn, { ...phase, receipts })
}

/** Sends a reconnected peer our parts of its chunks again, unless we have its receipts. */
export function resend(turn: Turn, member: Member): void {
  const { state, context } = turn
  const phase = state.phases.get(state.commit.view)
  if (phase === undefined || !saidBy(state, { type: 'manifest', view: phase.opening.view, from: context.self })) return
  for (const chunk of chunksOf(phase.opening, member)) {
    if (!phase.receipts.has(chunk.index)) sendChunk(turn, phase.opening, chunk.index)
  }
}

/** All manifests of a session. */
export interface Manifests {
  readonly opening: Opening
  /** in P's order */
  readonly hashes: readonly Uint8Array[]
  /** the digest that an owner's LOADED contains */
  readonly digest: Uint8Array
}

/** The manifests of all contributors, or undefined while one is unknown. */
export const manifestsIn = remember((row: Row<BodyOf<'manifest'>>, opening: Opening): Manifests | undefined => {
  const hashes: Uint8Array[] = []
  for (const from of opening.members) {
    const manifest = row.get(from)
    if (manifest === undefined || !same(manifest.body.sid, opening.sid)) return undefined
    hashes.push(manifest.hash)
  }
  return { opening, hashes, digest: loadedDigest(opening.sid, hashes) }
})

/** The manifest hashes of all contributors in P's order, or undefined while one is unknown. */
export function manifestHashes({ messages }: RoundState, opening: Opening): readonly Uint8Array[] | undefined {
  return manifestsIn(rowIn(messages, 'manifest', opening.view), opening)?.hashes
}

/** A chunk owner's LOADED, if it is for exactly these manifests. */
export function loadedIn(
  row: Row<BodyOf<'loaded'>>,
  { opening, digest }: Manifests,
  chunk: Chunk,
): Message<BodyOf<'loaded'>> | undefined {
  const loaded = row.get(opening.owners[chunk.index] as Member)
  if (loaded === undefined || loaded.body.chunk !== chunk.index) return undefined
  return same(loaded.body.digest, digest) && same(loaded.body.sid, opening.sid) ? loaded : undefined
}
