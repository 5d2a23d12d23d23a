/** Strangers that may connect to show a pass: few at once, and each for a short time unless its pass is good. @module */

import type { Clock } from '../../clock.ts'

/** At most four connections each, so that strangers leave the most of all connections to members. */
export const GUESTS_MAX = 16
/** Time to show a pass. */
const STRANGER_MS = 30_000
/** After the last request; then the pass is shown again. */
const GUEST_MS = 15 * 60_000

interface Guest<Shown> {
  until: number
  shown: Shown | undefined
}

/** @typeParam Shown what is remembered of a guest that has shown a good pass */
export class Guests<Shown> {
  readonly #clock: Pick<Clock, 'now'>
  readonly #leave: (peer: string) => void
  readonly #guests = new Map<string, Guest<Shown>>()

  /** @param leave told of a guest whose time is over */
  constructor(clock: Pick<Clock, 'now'>, leave: (peer: string) => void) {
    this.#clock = clock
    this.#leave = leave
  }

  /** Whether a stranger may connect: it has a place, or there is one. */
  admits(peer: string): boolean {
    const now = this.#clock.now()
    for (const [known, { until }] of this.#guests) {
      if (now < until) continue
      this.#guests.delete(known)
      if (known !== peer) this.#leave(known)
    }
    if (this.#guests.has(peer)) return true
    if (this.#guests.size >= GUESTS_MAX) return false
    this.#guests.set(peer, { until: now + STRANGER_MS, shown: undefined })
    return true
  }

  /** Remembers what a guest has shown. */
  keep(peer: string, shown: Shown): void {
    this.#guests.set(peer, { until: this.#clock.now() + GUEST_MS, shown })
  }

  /** What a guest has shown; undefined for a stranger. */
  of(peer: string): Shown | undefined {
    const guest = this.#guests.get(peer)
    return guest !== undefined && this.#clock.now() < guest.until ? guest.shown : undefined
  }
}
