/**
 * Everything that a peer knows of the round it is in. A state is never changed, only replaced.
 *
 * @module
 */

import type { Opening } from '../aggregation/opening.ts'
import { type AgreementState, createAgreement } from '../agreement/machine.ts'
import { put } from '../facts.ts'
import type { Effect, StepContext } from '../ports.ts'
import type { Member } from '../roster/roster.ts'
import type { Link, ResultValue } from '../sync/link.ts'
import type { CommitValue } from './commit-value.ts'
import type { Message } from './messages.ts'

export type Phase =
  | 'idle'
  | 'ready'
  | 'opened'
  | 'uploaded'
  | 'voting'
  | 'committed'
  | 'released'
  | 'summed'
  | 'done'
  | 'catching-up'
  | 'finished'

/** The data phase of one view. */
export interface DataPhase {
  readonly opening: Opening
  /** masked chunks that we hold as an owner, `chunk/member` */
  readonly held: ReadonlyMap<string, true>
  /** receipts for our own chunks, by chunk */
  readonly receipts: ReadonlyMap<number, Member>
}

/** What the COMMIT agreement decided: this session is the round's. */
export interface Commitment {
  readonly opening: Opening
  readonly manifests: readonly Uint8Array[]
}

/** Certified rounds that we take over from others: their links, and the checkpoint that they end in. */
export interface Awaited {
  readonly links: readonly Link[]
  /** hex; null when every link is VOID, so that the parameters stay as they were */
  readonly checkpoint: string | null
  /** the transcript's hash after the last link */
  readonly head: Uint8Array
}

export interface RoundState {
  readonly round: number
  /** the transcript's hash before this round */
  readonly previous: Uint8Array
  readonly phase: Phase
  /** every accepted message by its slot; what anti-entropy exchanges and every rule reads */
  readonly messages: ReadonlyMap<string, Message>
  /** the first message that contradicts the one in its slot: proof that its sender is faulty */
  readonly doubled: ReadonlyMap<string, Message>
  /** our own envelopes by slot, ours for ever: a slot is never filled twice, not even after a crash */
  readonly own: ReadonlyMap<string, Uint8Array>
  /** valid messages of the next round, kept until it begins */
  readonly early: ReadonlyMap<string, Message>
  readonly connected: ReadonlyMap<Member, true>
  /** disconnected for longer than redialling is worth */
  readonly lost: ReadonlyMap<Member, true>
  /** ephemeral public key, once drawn */
  readonly key: Uint8Array | null
  readonly trained: boolean
  readonly phases: ReadonlyMap<number, DataPhase>
  readonly commit: AgreementState
  readonly result: AgreementState
  /** what the first agreement decided; messages that it does not name give way to those that it does */
  readonly decided: CommitValue | null
  /** the decided session, once its OPEN and manifests are here */
  readonly commitment: Commitment | null
  /** chunk sums that we hold ourselves, by hex hash */
  readonly sums: ReadonlyMap<string, true>
  /** our own result, as the second agreement will be asked to certify it */
  readonly outcome: Extract<ResultValue, { outcome: 'result' }> | null
  /** when a result was certified that we could not compute, or we came late: what must be fetched before going on */
  readonly awaited: Awaited | null
  /** timers that ended and things that were asked for, each once */
  readonly flags: ReadonlyMap<string, true>
  /** rounds in which something of ours was released */
  readonly charges: number
}

export function createRound({
  round,
  previous,
  charges,
  connected = new Map(),
  lost = new Map(),
}: Pick<RoundState, 'round' | 'previous' | 'charges'> & Partial<Pick<RoundState, 'connected' | 'lost'>>): RoundState {
  return {
    round,
    previous,
    charges,
    connected,
    lost,
    phase: 'idle',
    messages: new Map(),
    doubled: new Map(),
    own: new Map(),
    early: new Map(),
    key: null,
    trained: false,
    phases: new Map(),
    commit: createAgreement(),
    result: createAgreement(),
    decided: null,
    commitment: null,
    sums: new Map(),
    outcome: null,
    awaited: null,
    flags: new Map(),
  }
}

/** One call of `step` in progress: the state so far, and what must happen for it. */
export interface Turn {
  state: RoundState
  readonly effects: Effect[]
  readonly context: StepContext
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}

/** Raises a flag; true the first time. */
export function once(turn: Turn, flag: string): boolean {
  if (turn.state.flags.has(flag)) return false
  turn.state = { ...turn.state, flags: put(turn.state.flags, flag, true) }
  return true
}

/** Asks for a timer, once per name and round. */
export function schedule(turn: Turn, timer: string, afterMs: number): void {
  if (once(turn, `timer:${timer}`)) turn.effects.push({ type: 'schedule', round: turn.state.round, timer, afterMs })
}

/** True once the named timer has ended. */
export function ended(state: RoundState, timer: string): boolean {
  return state.flags.has(`ended:${timer}`)
}

/** Enters a phase, telling whoever watches. */
export function setPhase(turn: Turn, phase: Phase): void {
  if (turn.state.phase === phase) return
  turn.state = { ...turn.state, phase }
  const { round, commit } = turn.state
  turn.effects.push({ type: 'emit', notice: { kind: 'phase', round, view: commit.view, phase } })
}

/** All accepted messages of a type. */
export function said<T extends Message['body']['type']>(
  state: RoundState,
  type: T,
): Message<Extract<Message['body'], { type: T }>>[] {
  const found: Message[] = []
  for (const message of state.messages.values()) if (message.body.type === type) found.push(message)
  return found as Message<Extract<Message['body'], { type: T }>>[]
}
