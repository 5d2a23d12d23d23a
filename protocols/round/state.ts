/**
 * Everything that a peer knows of the round it is in. A state is never changed, only replaced.
 *
 * @module
 */

import { type AgreementState, createAgreement } from '../agreement/agreement.ts'
import type { CommitValue } from '../messages/commit-value.ts'
import type { Body, BodyOf, Message } from '../messages/messages.ts'
import type { ResultValue } from '../messages/result-value.ts'
import type { Member } from '../roster/roster.ts'
import type { Opening } from '../session/opening.ts'
import type { TranscriptHead } from '../transcript/head.ts'
import type { Link } from '../transcript/link.ts'
import { allOf, type MessageTable } from './message-table.ts'
import type { OnceKey } from './once.ts'

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
  /** the roster does not name us: not yet, or not any more */
  | 'outside'
  /** two certificates for one decision: more than f hospitals lie, and nothing is safe to do */
  | 'halted'

/** The data phase of one view. */
export interface DataPhase {
  readonly opening: Opening
  /** masked chunks that we hold as an owner, `chunk/member` */
  readonly held: ReadonlyMap<string, true>
  /** owners' receipts for our own chunks, by chunk; signed, where the network carries signatures */
  readonly receipts: ReadonlyMap<number, HeldReceipt>
}

export interface HeldReceipt {
  readonly from: Member
  readonly receipt: Uint8Array | undefined
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
  readonly head: TranscriptHead
  /** more links are known to follow: they are asked for first, because others keep only their newest checkpoints */
  readonly partial: boolean
}

/** What one round leaves to the next besides its standing; it concerns this peer alone. */
export interface Carried {
  /** rounds of training in which something of ours was released */
  readonly charges: number
  readonly connected: ReadonlyMap<Member, true>
  /** disconnected for longer than redialling is worth */
  readonly lost: ReadonlyMap<Member, true>
  /** the change of the roster that our operator approves, until it is certified */
  readonly approving: Uint8Array | null
  /** who kept views from succeeding lately, by PeerId: we propose it less often */
  readonly strikes: ReadonlyMap<string, Avoidance>
  /** while set, we have just started and say nothing: others are asked for what we said before */
  readonly rollbackGuard: ReadonlyMap<Member, true> | null
  /** the last round in which we said something that our own disk has forgotten: silence up to there; −1 for none */
  readonly muted: number
}

export interface Avoidance {
  readonly count: number
  /** the last round in which we would rather do without it */
  readonly until: number
}

export interface RoundState extends TranscriptHead, Carried {
  /** whether this round is among the charges already: charged, perhaps, before a crash that the release did not survive */
  readonly charged: boolean
  /** taken up by a process that may have been in it before: receipts that we gave then are forgotten */
  readonly resumed: boolean
  readonly phase: Phase
  /** every accepted message */
  readonly messages: MessageTable
  /** bytes of accepted messages by member, for there is a limit */
  readonly weights: ReadonlyMap<Member, number>
  /** the first message that contradicts the one in its slot: proof that its sender is faulty */
  readonly doubled: ReadonlyMap<string, Message>
  /** our own envelopes by slot, ours for ever: a slot is never filled twice, not even after a crash */
  readonly own: ReadonlyMap<string, Uint8Array>
  /** valid messages of the next round, kept until it begins */
  readonly early: ReadonlyMap<string, Message>
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
  /** what is done once in a round, timers that were asked for and timers that have ended */
  readonly done: ReadonlyMap<OnceKey, true>
  /** chunk sums that we worked out ourselves from everybody's parts, by chunk, when what others claim did not fit */
  readonly recomputedSums: ReadonlyMap<number, string> | null
  /** fingerprints of others that we worked out ourselves, by `challenge/member` */
  readonly computedFingerprints: ReadonlyMap<string, Uint8Array>
}

/** A peer that has just started, as far as nothing else is known. */
export const NEWCOMER: Carried = {
  charges: 0,
  connected: new Map(),
  lost: new Map(),
  approving: null,
  strikes: new Map(),
  rollbackGuard: null,
  muted: -1,
}

/** A round before anything was said in it. */
export function createRound({ round, previous, roster, bans }: TranscriptHead, carried: Carried): RoundState {
  const { charges, connected, lost, approving, strikes, rollbackGuard, muted } = carried
  return {
    ...{ round, previous, roster, bans },
    ...{ charges, connected, lost, approving, strikes, rollbackGuard, muted },
    charged: false,
    resumed: false,
    phase: 'idle',
    messages: new Map(),
    weights: new Map(),
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
    done: new Map(),
    recomputedSums: null,
    computedFingerprints: new Map(),
  }
}

/** All accepted messages of a type. */
export function said<T extends Body['type']>(state: RoundState, type: T): Message<BodyOf<T>>[] {
  return allOf(state.messages, type)
}
