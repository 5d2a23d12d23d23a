/** Spreads seeds over threads; each takes the next one when it has done its last. @module */

import { Worker } from 'node:worker_threads'
import type { Outcome } from './run-seed.ts'

/** Seeds that a thread has in hand, so that it never waits. */
const IN_HAND = 4

export interface Job {
  readonly scenario: string
  readonly seed: number
}

/**
 * Runs all jobs.
 *
 * @param done hears of every outcome, in no order
 * @throws Error when a thread dies
 */
export async function runAll(
  jobs: Iterable<Job>,
  { workers, done }: { workers: number; done: (outcome: Outcome) => void },
): Promise<void> {
  const waiting = jobs[Symbol.iterator]()
  const threads = Array.from({ length: workers }, () => new Worker(new URL('./worker.ts', import.meta.url)))
  const drain = async (thread: Worker): Promise<void> =>
    await new Promise((resolve, reject) => {
      let open = 0
      const give = (): void => {
        const { value, done: over } = waiting.next()
        if (over !== true) {
          open += 1
          thread.postMessage(value)
        } else if (open === 0) resolve()
      }
      thread.on('error', reject)
      thread.on('message', (outcome: Outcome) => {
        open -= 1
        done(outcome)
        give()
      })
      for (let i = 0; i < IN_HAND; i++) give()
    })
  try {
    await Promise.all(threads.map(drain))
  } finally {
    await Promise.all(threads.map(thread => thread.terminate()))
  }
}
