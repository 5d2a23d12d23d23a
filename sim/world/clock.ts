/** Virtual time: nothing happens but what was put off until then. @module */

import { EventQueue } from './event-queue.ts'

export class Clock {
  /** virtual milliseconds */
  now = 0
  readonly #queue = new EventQueue()

  after(delayMs: number, run: () => void): void {
    this.#queue.push(this.now + delayMs, run)
  }

  /** Lets things happen until the condition holds. @returns false when the time was over first, or nothing was left */
  until(condition: () => boolean, withinMs: number): boolean {
    const end = this.now + withinMs
    while (!condition()) {
      const { next } = this.#queue
      if (next === undefined || next.at > end) return false
      this.#queue.pop()
      this.now = next.at
      next.run()
    }
    return true
  }
}
