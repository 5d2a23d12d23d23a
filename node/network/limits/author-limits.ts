/**
 * Limits how many of a member's own messages gossip forwards. Without it, honest nodes would forward a member's flood
 * and would be blamed for it.
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

  /** @param members of the roster; together they may send what one peer may forward */
  constructor(members: number, clock: Pick<Clock, 'now'>) {
    const { messages, bytes } = originLimits(members)
    this.#messages = new BucketMap(messages, clock)
    this.#bytes = new BucketMap(bytes, clock)
  }

  /** Counts a verified message of a running round. @returns false when its author is over the limit */
  admits(from: Member, bytes: number): boolean {
    return this.#bytes.of(from).take(bytes) && this.#messages.of(from).take(1)
  }
}
