/** Time as an argument, so that what waits and what refills can be tested on a clock that is turned by hand. @module */

export interface Clock {
  /** monotonic milliseconds */
  now(): number
  /** does something later, unless what it returns is called before */
  after(ms: number, action: () => void): () => void
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, action) {
    const timer = setTimeout(action, ms)
    timer.unref()
    return () => clearTimeout(timer)
  },
}
