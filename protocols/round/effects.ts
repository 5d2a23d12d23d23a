/**
 * What a round asks of the world. The daemon and the simulator drive the same `step` and carry out the same effects.
 *
 * Effects are carried out in their order. A `store` is durable before the next effect begins, and no event is stepped
 * meanwhile: that is the whole write-ahead rule. `train`, `compute` and `send` only begin there; what comes of them
 * arrives as an event.
 *
 * @module
 */

import type { Evidence } from '../messages/evidence.ts'
import type { Member, Roster } from '../roster/roster.ts'
import type { RoundJob } from '../secure-sum/jobs.ts'
import type { Link } from '../transcript/link.ts'
import type { Timer } from './timers.ts'

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
  /** ask a peer at once for the links that follow those it has just given */
  | { readonly type: 'compare'; readonly with: Member }
  /** ask these peers, in this order, until one has it */
  | { readonly type: 'pull'; readonly round: number; readonly wanted: Wanted; readonly from: readonly Member[] }
  | { readonly type: 'train'; readonly round: number }
  | { readonly type: 'compute'; readonly job: RoundJob }
  | { readonly type: 'schedule'; readonly round: number; readonly timer: Timer; readonly afterMs: number }
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

export type Charge = Extract<Entry, { kind: 'charge' }>
