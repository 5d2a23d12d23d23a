/**
 * What strangers may try while an invitation is open: so many attempts a minute from one address and from all, and after
 * several wrong secrets nothing for a while. A secret has 128 bits: these limits are about work, not about guessing.
 *
 * @module
 */

import type { Clock } from '../clock.ts'
import { TokenBucket } from '../network/limits/token-bucket.ts'

const perMinute = (attempts: number) => ({ capacity: attempts, perSecond: attempts / 60 })
const ATTEMPTS_PER_HOST = perMinute(10)
const ATTEMPTS_OF_ALL = perMinute(60)
export const WRONG_PER_HOST_MAX = 5
/** Of all addresses together. */
export const WRONG_OF_ALL_MAX = 50
export const CLOSED_MS = 10 * 60_000
/** Addresses that are remembered; the oldest is forgotten first, and the limit of all still holds. */
const HOSTS_MAX = 1024

interface HostCount {
  readonly bucket: TokenBucket
  wrong: number
  closedUntil: number
}

export class JoinLimits {
  readonly #clock: Pick<Clock, 'now'>
  readonly #all: TokenBucket
  readonly #hosts = new Map<string, HostCount>()
  #wrong = 0
  #closedUntil = Number.NEGATIVE_INFINITY

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock
    this.#all = new TokenBucket(ATTEMPTS_OF_ALL, clock)
  }

  /** Whether no stranger is let in at present. */
  get closed(): boolean {
    return this.#clock.now() < this.#closedUntil
  }

  /** Counts an attempt. @returns false when it must not be answered */
  attempts(host: string): boolean {
    const count = this.#countOf(host)
    if (this.closed || this.#clock.now() < count.closedUntil) return false
    return count.bucket.take(1) && this.#all.take(1)
  }

  /** Counts a wrong secret. */
  wrong(host: string): void {
    const count = this.#countOf(host)
    const until = this.#clock.now() + CLOSED_MS
    count.wrong += 1
    this.#wrong += 1
    if (count.wrong >= WRONG_PER_HOST_MAX) Object.assign(count, { wrong: 0, closedUntil: until })
    if (this.#wrong < WRONG_OF_ALL_MAX) return
    this.#wrong = 0
    this.#closedUntil = until
  }

  #countOf(host: string): HostCount {
    const known = this.#hosts.get(host)
    if (known !== undefined) return known
    const oldest = this.#hosts.size >= HOSTS_MAX ? this.#hosts.keys().next().value : undefined
    if (oldest !== undefined) this.#hosts.delete(oldest)
    const count = {
      bucket: new TokenBucket(ATTEMPTS_PER_HOST, this.#clock),
      wrong: 0,
      closedUntil: Number.NEGATIVE_INFINITY,
    }
    this.#hosts.set(host, count)
    return count
  }
}
