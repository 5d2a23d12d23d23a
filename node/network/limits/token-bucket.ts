/**
 * Token buckets: limit a peer's use of a resource to a burst and to a rate per second.
 *
 * @module Turner, New directions in communications, IEEE Communications 24 (10), 1986.
 */

import type { Clock } from '../../clock.ts'
import type { BucketSize } from './limits.ts'

export class TokenBucket {
  readonly #size: BucketSize
  readonly #clock: Pick<Clock, 'now'>
  #tokens: number
  #filledAt: number

  constructor(size: BucketSize, clock: Pick<Clock, 'now'>) {
    this.#size = size
    this.#clock = clock
    this.#tokens = size.capacity
    this.#filledAt = clock.now()
  }

  /** Tokens that can be taken now. */
  get level(): number {
    const now = this.#clock.now()
    const { capacity, perSecond } = this.#size
    this.#tokens = Math.min(capacity, this.#tokens + ((now - this.#filledAt) * perSecond) / 1000)
    this.#filledAt = now
    return this.#tokens
  }

  /** Takes the whole amount, or takes nothing and returns false. */
  take(amount: number): boolean {
    if (this.level < amount) return false
    this.#tokens -= amount
    return true
  }

  /** Returns tokens that need not count after all, up to the capacity. */
  give(amount: number): void {
    this.#tokens = Math.min(this.#size.capacity, this.level + amount)
  }
}

/** One bucket for each key, all of one size. */
export class BucketMap<Key> {
  readonly #size: BucketSize
  readonly #clock: Pick<Clock, 'now'>
  readonly #buckets = new Map<Key, TokenBucket>()

  constructor(size: BucketSize, clock: Pick<Clock, 'now'>) {
    this.#size = size
    this.#clock = clock
  }

  of(key: Key): TokenBucket {
    const known = this.#buckets.get(key)
    if (known !== undefined) return known
    const bucket = new TokenBucket(this.#size, this.#clock)
    this.#buckets.set(key, bucket)
    return bucket
  }

  /** Forgets a key; it begins with a full bucket again. */
  delete(key: Key): void {
    this.#buckets.delete(key)
  }
}
