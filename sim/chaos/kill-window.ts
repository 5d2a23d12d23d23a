/** Waits until one hospital reaches a planned instant of a round. @module */

import { type Instant, PHASES } from './plan.ts'
import type { Trial } from './trial.ts'

/** Polling interval: some phases last only milliseconds. */
const HUNT_MS = 3
/** A hospital that starts or catches up may never reach the phase: after this time it is hit in any phase. */
const PATIENCE_MS = 1500

/** The round and phase in which a hospital is hit. */
export interface Hit {
  /** the study's running round */
  readonly round: number
  readonly phase: string
}

/** Waits for the instant, or until it has been missed; the caller then kills or suspends the victim. */
export async function killInWindow({ observer, hospitals }: Trial, victim: number, instant: Instant): Promise<Hit> {
  const { round, phase, afterMs } = instant
  const wanted = PHASES.indexOf(phase)
  const end = performance.now() + PATIENCE_MS
  let seen = 'silent'
  while (performance.now() < end && observer.certified() < round) {
    const status = await hospitals[victim]?.status()
    seen = status?.phase ?? 'silent'
    if (status !== undefined && status.round === round && PHASES.indexOf(seen) >= wanted) {
      await observer.sleep(afterMs)
      break
    }
    if (status !== undefined && status.round > round) break
    await observer.sleep(HUNT_MS)
  }
  return { round: observer.certified() + 1, phase: seen }
}
