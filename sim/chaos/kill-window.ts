/** Waits for one hospital to come to an instant of a round. @module */

import { type Instant, PHASES } from './plan.ts'
import type { Trial } from './trial.ts'

/** Some phases last milliseconds. */
const HUNT_MS = 3
/** One that is starting or catching up comes to no phase of this round: it is hit wherever it is. */
const PATIENCE_MS = 1500

/** Where a hospital was hit. */
export interface Hit {
  /** the round that was under way in the study */
  readonly round: number
  readonly phase: string
}

/** Resolves at the instant, or as soon as it has been missed. */
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
