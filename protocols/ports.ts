/**
 * What a round asks of the world, and what the world tells it. The daemon and the simulator drive the same `step`.
 *
 * Effects are carried out in their order. A `store` is durable before the next effect begins, and no event is stepped
 * meanwhile: that is the whole write-ahead rule. `train`, `compute` and `send` only begin there; what comes of them
 * arrives as an event.
 *
 * @module
 */

import type { RoundJob, RoundOutput } from './aggregation/jobs.ts'
import type { Evidence } from './evidence/evidence.ts'
import type { Member, Roster } from './roster/roster.ts'
import type { Message, MessageContext } from './round/messages.ts'
import type { StudyDocument } from './study/document.ts'
import type { Dimensions } from './study/plan.ts'
import type { Link } from './sync/link.ts'

export type RoundEvent =
  /** a verified message of a peer, or our own coming back */
  | { readonly type: 'received'; readonly message: Message }
  /** a `schedule`d timer ended */
  | { readonly type: 'tick'; readonly round: number; readonly timer: string }
  /** the training step of the round is done and its update waits where jobs find it */
  | { readonly type: 'trained'; readonly round: number }
  | { readonly type: 'computed'; readonly round: number; readonly output: RoundOutput }
  /** a peer's hello round trip succeeded, or its last connection closed */
  | { readonly type: 'connected' | 'disconnected'; readonly member: Member }
  /** a masked chunk arrived whole and matched its manifest */
  | {
      readonly type: 'chunk'
      readonly round: number
      readonly sid: string
      readonly chunk: number
      readonly from: Member
    }
  /** an owner's signed receipt for our masked chunk */
  | {
      readonly type: 'receipt'
      readonly round: number
      readonly sid: string
      readonly chunk: number
      readonly from: Member
      /** as signed; proves that it lies if it reports us missing */
      readonly receipt?: Uint8Array
    }
  /** something pulled by hash arrived and matched */
  | { readonly type: 'pulled'; readonly round: number; readonly hash: string }
  /** another peer's transcript from our head on */
  | { readonly type: 'links'; readonly links: readonly Link[]; readonly from?: Member }
  /** what a peer holds from us, as it answered to `recall`: verified messages of our own */
  | {
      readonly type: 'recalled'
      readonly from: Member
      /** the round that it is in */
      readonly round: number
      readonly messages: readonly Message[]
    }
  /** our operator approves a change of the roster, or no longer does */
  | { readonly type: 'approve'; readonly change: Uint8Array | null }

/** One durable record. Slots of our own messages make "one message per slot" survive a crash. */
export type Entry =
  /** our own envelope for a slot of the round */
  | { readonly kind: 'own'; readonly round: number; readonly slot: string; readonly bytes: Uint8Array }
  /** the charge that a round may cost us, before anything of it leaves */
  | { readonly kind: 'reserve'; readonly round: number; readonly sid: Uint8Array }
  /** the charge itself, with the release that causes it */
  | { readonly kind: 'charge'; readonly round: number; readonly sid: Uint8Array; readonly contributors: number }
  /** a certified round; the round's secrets are destroyed with it */
  | { readonly kind: 'link'; readonly link: Link }
  /** certificates that contradict each other: this node never goes on with the study */
  | { readonly kind: 'halt'; readonly round: number; readonly evidence: readonly Uint8Array[] }

export type Effect =
  | { readonly type: 'store'; readonly entries: readonly Entry[] }
  | { readonly type: 'publish'; readonly bytes: Uint8Array }
  | { readonly type: 'send'; readonly to: Member; readonly round: number; readonly sid: string; readonly chunk: number }
  /** ask a peer what it holds from us in its round: after a start, before we say anything */
  | { readonly type: 'recall'; readonly from: Member }
  /** ask these peers, in this order, until one has it */
  | { readonly type: 'pull'; readonly round: number; readonly wanted: Wanted; readonly from: readonly Member[] }
  | { readonly type: 'train'; readonly round: number }
  | { readonly type: 'compute'; readonly job: RoundJob }
  | { readonly type: 'schedule'; readonly round: number; readonly timer: string; readonly afterMs: number }
  | { readonly type: 'emit'; readonly notice: Notice }
  /** a faulty member; without evidence it is a suspicion that counts for us alone */
  | { readonly type: 'blame'; readonly member: Member; readonly code: string; readonly evidence: Evidence | null }

export type Wanted =
  | { readonly kind: 'sum'; readonly hash: string }
  | { readonly kind: 'checkpoint'; readonly hash: string }
  | { readonly kind: 'chunk'; readonly sid: string; readonly chunk: number; readonly member: Member }

/** What a person may want to see; never anything private. */
export type Notice =
  | { readonly kind: 'phase'; readonly round: number; readonly view: number; readonly phase: string }
  | {
      readonly kind: 'completed'
      readonly round: number
      readonly outcome: 'result' | 'void'
      readonly views: number
      readonly contributors: readonly Member[]
      readonly checkpoint: string
    }
  /** the roster that holds from this round on; whoever catches up is told of every version on the way */
  | { readonly kind: 'roster'; readonly round: number; readonly roster: Roster }
  | { readonly kind: 'refused'; readonly round: number; readonly code: string; readonly reason: string }
  | { readonly kind: 'finished'; readonly round: number }

/** What a study, its current roster and our place in it fix. `contextAt` gives the same for another roster. */
export interface StepContext extends MessageContext {
  readonly document: StudyDocument
  /** version 0 of the roster */
  readonly founding: Roster
  /** our PeerId */
  readonly peer: string
  /** our rank, or `OUTSIDE` while the roster does not name us */
  readonly self: Member
  /** seals one of our own bodies; deterministic (Ed25519), so a step stays a function */
  readonly seal: (body: Uint8Array) => Uint8Array
  readonly quorum: number
  readonly faulty: number
  readonly contributorsMin: number
  /** words of an update, by what its round is for */
  readonly dimensions: Dimensions
  /** words of the longest: what limits go by */
  readonly dimension: number
  readonly rounds: number
  readonly timing: Timing
  /** PeerIds of hospitals without which we do not take part */
  readonly require: readonly string[]
  /** rounds of training that the stricter of the study's and our own privacy cap can pay for, statistics paid before */
  readonly chargesMax: number
}

/** All in milliseconds, monotonic and relative, but for `bandwidthMin` in bit/s. */
export interface Timing {
  readonly openDelayMs: number
  readonly voteTimeoutMs: number
  readonly voteTimeoutMsMax: number
  readonly lostAfterMs: number
  readonly resendAfterMs: number
  readonly voidAfterMs: number
  readonly dataBaseMs: number
  readonly bandwidthMin: number
  readonly trainedDelayMs: number
}
