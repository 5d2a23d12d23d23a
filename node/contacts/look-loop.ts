/** Looks again and again at what is due, one look at a time. @module */

import type { Clock } from '../clock.ts'

const LOOK_MS = 1000

export class LookLoop {
  readonly #clock: Pick<Clock, 'after'>
  readonly #work: () => Promise<void>
  #cancel = () => {}
  #looking: Promise<void> | undefined
  #stopped = false

  /** @param work must not reject */
  constructor(clock: Pick<Clock, 'after'>, work: () => Promise<void>) {
    this.#clock = clock
    this.#work = work
  }

  start(): void {
    this.#cancel = this.#clock.after(LOOK_MS, () => {
      void this.look().finally(() => {
        if (!this.#stopped) this.start()
      })
    })
  }

  /** Looks now, or waits for the look under way. */
  async look(): Promise<void> {
    this.#looking ??= this.#work().finally(() => {
      this.#looking = undefined
    })
    await this.#looking
  }

  /** Ends with the look under way. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancel()
    await this.#looking
  }
}
