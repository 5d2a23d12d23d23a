/**
 * The timers that a round asks for. A `schedule` effect carries one and the `tick` that ends it carries it back, so that
 * nobody has to read names.
 *
 * @module
 */

import type { VotePhase } from '../agreement/agreement.ts'
import type { Instance } from '../messages/limits.ts'
import type { Member } from '../roster/roster.ts'

export type Timer =
  /**
   * `open`: for as many READYs as can be had; `open-few`: for the fewest that may open; `trained-delay`: hides how long
   * the training took; `patience`: for our own result before another's is fetched; `void`: for all releases and sums;
   * `recall`: for answers to what we asked after a start
   */
  | { readonly kind: 'open' | 'open-few' | 'trained-delay' | 'patience' | 'void' | 'recall' }
  /** `wait`: for a view's OPEN; `data`: for its chunks; `reports`: for what the other owners say once it is hopeless */
  | { readonly kind: 'wait' | 'data' | 'reports'; readonly view: number }
  /** for all chunk sums, before the next owners add up */
  | { readonly kind: 'resend'; readonly attempt: number }
  /** for fingerprints under a challenge (hex), before we work out those that are missing */
  | { readonly kind: 'cross-check'; readonly challenge: string }
  /** for a peer that is gone to come back */
  | { readonly kind: 'lost'; readonly member: Member }
  /** for a step of an agreement */
  | {
      readonly kind: 'vote'
      readonly instance: Instance
      readonly step: 'propose' | VotePhase
      readonly view: number
    }

/** A name that no other timer of the round has: a key for maps. */
export function timerName(timer: Timer): string {
  switch (timer.kind) {
    case 'wait':
    case 'data':
    case 'reports':
      return `${timer.kind}:${timer.view}`
    case 'resend':
      return `resend:${timer.attempt}`
    case 'cross-check':
      return `cross-check:${timer.challenge}`
    case 'lost':
      return `lost:${timer.member}`
    case 'vote':
      return `${timer.instance}/${timer.step}:${timer.view}`
    default:
      return timer.kind
  }
}
