/**
 * The effects that a round requests. The daemon and the simulator run the same `step` and carry out the same effects.
 *
 * Effects are carried out in order. The write-ahead rule: a `store` is durable before the next effect begins, and no
 * event is stepped meanwhile. `train`, `compute` and `send` only start in that order; their results arrive as events.
 *
 * @module
 */

import type { Evidence } from '../messages/evidence.ts'
import type { Member, Roster } from '../roster/roster.ts'
import type { RoundJob } from '../secure-sum/jobs.ts'
import type { Link } from '../transcript/link.ts'
import type { Timer } from './timers.ts'

/** One durable record. Logging our own messages by slot keeps "one message per slot" true after a crash. */
export type Entry =
  /** our own envelope for a slot of the round */
  | { readonly kind: 'own'; readonly round: number; readonly slot: string; readonly bytes: Uint8Array }
  /** the charge that a round may cost us, before our masked update is made and sent */
  | { readonly kind: 'reserve'; readonly round: number; readonly sid: Uint8Array }
  /** the charge itself, with the release that causes it */
  | { readonly kind: 'charge'; readonly round: number; readonly sid: Uint8Array; readonly contributors: number }
  /** a certified round; the round's secrets are destroyed with it */
  | { readonly kind: 'link'; readonly link: Link }
  /** contradicting certificates: this node never continues the study */
  | { readonly kind: 'halt'; readonly round: number; readonly evidence: readonly Uint8Array[] }

export type Effect =
  | { readonly type: 'store'; readonly entries: readonly Entry[] }
  | { readonly type: 'publish'; readonly bytes: Uint8Array }
  | { readonly type: 'send'; readonly to: Member; readonly round: number; readonly sid: string; readonly chunk: number }
  /** ask a peer for the messages of ours that it holds in its round: after a start, before we send any */
  | { readonly type: 'recall'; readonly from: Member }
  /** ask a peer at once for the links that follow those it has just given */
  | { readonly type: 'compare'; readonly with: Member }
  /** ask these peers, in this order, until one has it */
  | { readonly type: 'pull'; readonly round: number; readonly wanted: Wanted; readonly from: readonly Member[] }
  | { readonly type: 'train'; readonly round: number }
  | { readonly type: 'compute'; readonly job: RoundJob }
  | { readonly type: 'schedule'; readonly round: number; readonly timer: Timer; readonly afterMs: number }
  | { readonly type: 'emit'; readonly notice: Notice }
  /** a faulty member; without evidence it is a suspicion that only we act on */
  | {
      readonly type: 'blame'
      readonly member: Member
      /** its PeerId: the same step may go on to a round of another roster, where the rank is another's */
      readonly peer: string
      readonly code: string
      readonly evidence: Evidence | null
    }

export type Wanted =
  | { readonly kind: 'sum'; readonly hash: string }
  | { readonly kind: 'checkpoint'; readonly hash: string }
  | { readonly kind: 'chunk'; readonly sid: string; readonly chunk: number; readonly member: Member }

/** A notice for display. It contains nothing private. */
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
  /** the roster from this round on; a peer that catches up emits every version in between */
  | { readonly kind: 'roster'; readonly round: number; readonly roster: Roster }
  | { readonly kind: 'refused'; readonly round: number; readonly code: string; readonly reason: string }
  | { readonly kind: 'finished'; readonly round: number }

export type Charge = Extract<Entry, { kind: 'charge' }>
