/**
 * How much of each member's own words is passed on by gossip. Without it a flood at many nodes would come to others
 * through honest ones, who would be blamed for it.
 *
 * @module
 */

import type { Member } from '../../../protocols/roster/roster.ts'
import type { Clock } from '../../clock.ts'
import { originLimits } from './limits.ts'
import { BucketMap } from './token-bucket.ts'

export class AuthorLimits {
  readonly #messages: BucketMap<Member>
  readonly #bytes: BucketMap<Member>

  /** @param members of the roster: together they may say what one peer may pass on */
  constructor(members: number, clock: Pick<Clock, 'now'>) {
    const { messages, bytes } = originLimits(members)
    this.#messages = new BucketMap(messages, clock)
    this.#bytes = new BucketMap(bytes, clock)
  }

  /** Takes a verified message of a round that goes on. @returns false when the member has said too much lately */
  admits(from: Member, bytes: number): boolean {
    return this.#bytes.of(from).take(bytes) && this.#messages.of(from).take(1)
  }
}
