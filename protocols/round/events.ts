/** The events that a round receives. The daemon and the simulator send the same events. @module */

import type { Message } from '../messages/messages.ts'
import type { Member } from '../roster/roster.ts'
import type { RoundOutput } from '../secure-sum/jobs.ts'
import type { Link } from '../transcript/link.ts'
import type { Timer } from './timers.ts'

export type RoundEvent =
  /** a verified message of a peer, or one of our own that others relayed */
  | { readonly type: 'received'; readonly message: Message }
  /** a `schedule`d timer ended */
  | { readonly type: 'tick'; readonly round: number; readonly timer: Timer }
  /** the training step of the round is done and its update waits where jobs find it */
  | { readonly type: 'trained'; readonly round: number }
  | { readonly type: 'computed'; readonly round: number; readonly output: RoundOutput }
  /** a peer's hello round trip succeeded, or its last connection closed */
  | { readonly type: 'connected' | 'disconnected'; readonly member: Member }
  /** a masked chunk arrived completely and matches its manifest */
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
      /** as signed: proves a later report of us as missing false */
      readonly receipt?: Uint8Array
    }
  /** pulled data arrived and matches its hash */
  | { readonly type: 'pulled'; readonly round: number; readonly hash: string }
  /** another peer's transcript from our head on */
  | {
      readonly type: 'links'
      readonly links: readonly Link[]
      readonly from?: Member
      /** the round that the sender says it is in: beyond the links, the answer was cut and more follow */
      readonly senderRound?: number
    }
  /** what a peer holds from us, as it answered to `recall`: verified messages of our own */
  | {
      readonly type: 'recalled'
      readonly from: Member
      /** the round that it is in */
      readonly round: number
      readonly messages: readonly Message[]
    }
  /** our operator approves a change of the roster, or withdraws the approval (null) */
  | { readonly type: 'approve'; readonly change: Uint8Array | null }
