/**
 * A peer's state of its current round. States are immutable.
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
  /** we are not in the roster: not yet, or no longer */
  | 'outside'
  /** two certificates contradict each other: more than f hospitals lie, and no further step is safe */
  | 'halted'

/** The data phase of one view. */
export interface DataPhase {
  readonly opening: Opening
  /** masked chunks that we hold as an owner, `chunk/member` */
  readonly held: ReadonlyMap<string, true>
  /** owners' receipts for our own chunks, by chunk; signed if the network carries signatures */
  readonly receipts: ReadonlyMap<number, HeldReceipt>
}

export interface HeldReceipt {
  readonly from: Member
  readonly receipt: Uint8Array | undefined
}

/** The session that the COMMIT agreement decided. */
export interface Commitment {
  readonly opening: Opening
  readonly manifests: readonly Uint8Array[]
}

/** Certified rounds that we adopt: their links, and the checkpoint after them. */
export interface Awaited {
  readonly links: readonly Link[]
  /** hex; null when every link is VOID and the parameters do not change */
  readonly checkpoint: string | null
  readonly head: TranscriptHead
  /** more links are known to follow: they are asked for first, because others keep only their newest checkpoints */
  readonly partial: boolean
}

/** This peer's own state that one round leaves to the next, besides the transcript head. */
export interface Carried {
  /** number of training rounds that were charged for our releases */
  readonly charges: number
  /** rounds after the one on the disk that the ledger has charged already: the disk is older than the ledger */
  readonly chargedAhead: ReadonlySet<number>
  readonly connected: ReadonlyMap<Member, true>
  /** members that have been disconnected for longer than `lostAfterMs` */
  readonly lost: ReadonlyMap<Member, true>
  /** the change of the roster that our operator approves, until it is certified */
  readonly approving: Uint8Array | null
  /** by PeerId: hospitals that recently made views fail, which we propose less often */
  readonly strikes: ReadonlyMap<string, Avoidance>
  /** members that answered our recall after a start; until it is null, we send nothing and recall our messages */
  readonly rollbackGuard: ReadonlyMap<Member, true> | null
  /** whether our disk certainly lacks messages of ours: then no answer of others ends the silence of rounds in progress */
  readonly forgetful: boolean
  /** the last round with a message of ours that our own disk lacks, up to which we are silent; −1 for none */
  readonly muted: number
}

export interface Avoidance {
  readonly count: number
  /** the last round in which we prefer not to propose it */
  readonly until: number
}

export interface RoundState extends TranscriptHead, Carried {
  /** whether this round is already charged, possibly before a crash that lost the release */
  readonly charged: boolean
  /** whether an earlier process was in this round: the receipts that it gave are unknown to us */
  readonly resumed: boolean
  readonly phase: Phase
  /** every accepted message */
  readonly messages: MessageTable
  /** by member: bytes of accepted messages, which are limited */
  readonly weights: ReadonlyMap<Member, number>
  /** by slot: the first message that contradicts the accepted one, which proves that its sender is faulty */
  readonly doubled: ReadonlyMap<string, Message>
  /** by slot: our own envelopes; a slot is never filled twice, not even after a crash */
  readonly own: ReadonlyMap<string, Uint8Array>
  /** valid messages of the next round, kept until it begins */
  readonly early: ReadonlyMap<string, Message>
  /** ephemeral public key; null until it is drawn */
  readonly key: Uint8Array | null
  readonly trained: boolean
  readonly phases: ReadonlyMap<number, DataPhase>
  readonly commit: AgreementState
  readonly result: AgreementState
  /** the value that the first agreement decided; messages that it names replace others in their slots */
  readonly decided: CommitValue | null
  /** the decided session, once its OPEN and manifests are here */
  readonly commitment: Commitment | null
  /** chunk sums that we hold ourselves, by hex hash */
  readonly sums: ReadonlyMap<string, true>
  /** our own result, which the second agreement is to certify */
  readonly outcome: Extract<ResultValue, { outcome: 'result' }> | null
  /** certified rounds whose checkpoint we must fetch first, because we could not compute it or are behind */
  readonly awaited: Awaited | null
  /** what is done once in a round, timers that were asked for and timers that have ended */
  readonly done: ReadonlyMap<OnceKey, true>
  /** chunk sums that we worked out ourselves from everybody's parts, by chunk, when what others claim did not fit */
  readonly recomputedSums: ReadonlyMap<number, string> | null
  /** by `challenge/member`: fingerprints of others that we computed ourselves */
  readonly computedFingerprints: ReadonlyMap<string, Uint8Array>
}

/** The carried state of a peer that has just started, without further knowledge. */
export const NEWCOMER: Carried = {
  charges: 0,
  chargedAhead: new Set(),
  connected: new Map(),
  lost: new Map(),
  approving: null,
  strikes: new Map(),
  rollbackGuard: null,
  forgetful: false,
  muted: -1,
}

/** A round before its first message. */
export function createRound({ round, previous, roster, bans }: TranscriptHead, carried: Carried): RoundState {
  const { charges, chargedAhead, connected, lost, approving, strikes, rollbackGuard, forgetful, muted } = carried
  return {
    ...{ round, previous, roster, bans },
    ...{ charges, chargedAhead, connected, lost, approving, strikes, rollbackGuard, forgetful, muted },
    charged: chargedAhead.has(round),
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
