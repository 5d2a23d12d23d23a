/** Distributes seeds over threads; a thread gets a new one for every finished one. @module */

import { Worker } from 'node:worker_threads'
import type { Outcome } from './run-seed.ts'

/** Seeds queued at a thread, so that it never idles. */
const IN_HAND = 4

export interface Job {
  readonly scenario: string
  readonly seed: number
}

/**
 * Runs all jobs.
 *
 * @param done called with every outcome, in no particular order
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
