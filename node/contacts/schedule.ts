/** When each of several pieces of work is due again: later and later while it fails. @module */

import type { Clock } from '../clock.ts'

interface Entry {
  dueAt: number
  failures: number
  running: boolean
}

export class Schedule {
  readonly #clock: Pick<Clock, 'now'>
  readonly #retry: { readonly min: number; readonly max: number }
  readonly #entries = new Map<string, Entry>()

  /** @param retry ms after the first failure, and at most; each failure doubles it */
  constructor(clock: Pick<Clock, 'now'>, retry: { readonly min: number; readonly max: number }) {
    this.#clock = clock
    this.#retry = retry
  }

  /** Everything is due at once. */
  clear(): void {
    for (const [key, entry] of this.#entries) if (!entry.running) this.#entries.delete(key)
    for (const entry of this.#entries.values()) entry.dueAt = Number.NEGATIVE_INFINITY
  }

  /**
   * Does the work if it is due and not under way. Its errors only make it due later.
   *
   * @param work gives the ms until it is due again
   */
  async run(key: string, work: () => Promise<number>): Promise<void> {
    const entry = this.#entries.get(key) ?? { dueAt: Number.NEGATIVE_INFINITY, failures: 0, running: false }
    if (entry.running || this.#clock.now() < entry.dueAt) return
    this.#entries.set(key, entry)
    entry.running = true
    try {
      // set first, so that `clear` in between makes it due at once
      entry.dueAt = Number.POSITIVE_INFINITY
      const ms = await work()
      entry.failures = 0
      if (entry.dueAt === Number.POSITIVE_INFINITY) entry.dueAt = this.#clock.now() + ms
    } catch {
      const ms = Math.min(this.#retry.max, this.#retry.min * 2 ** Math.min(entry.failures, 20))
      entry.failures += 1
      entry.dueAt = this.#clock.now() + ms
    } finally {
      entry.running = false
    }
  }
}
