/**
 * A scenario: a function from a seed to the plan of a simulated world, its study and its faults.
 *
 * @module
 */

import type { AdversaryFactory } from '../world/adversary.ts'
import type { CheckerFactory } from '../world/api.ts'
import type { GossipMode } from '../world/gossip.ts'
import type { NetworkSettings } from '../world/network.ts'
import type { Random } from '../world/random.ts'
import type { World } from '../world/world.ts'
import { roundsIn, type StudySettings, spareOf } from './study.ts'

/** The plan of one world. */
export interface Plan {
  readonly study: StudySettings
  /** number of hospitals that are in no roster at first; their indices follow the founding ones */
  readonly newcomers?: number
  readonly network?: Partial<NetworkSettings>
  readonly gossip?: GossipMode
  /** a local cap on epsilon, by index */
  readonly epsilonMax?: ReadonlyMap<number, number>
  /** the liars' scripts, by index; liars need not finish */
  readonly liars?: ReadonlyMap<number, AdversaryFactory>
  /** checkers of this world, besides those of the invariants */
  readonly checkers?: readonly CheckerFactory[]
  /** hospitals that never return; all others must finish */
  readonly gone?: ReadonlySet<number>
  /** starts the hospitals and plans the faults; absent: all start at once */
  readonly begin?: (world: World, random: Random) => void
  /** virtual time in which every honest hospital that is not gone must have finished */
  readonly withinMs: number
}

export interface Scenario {
  readonly name: string
  /** one line */
  readonly summary: string
  /** true: runs only when it is named */
  readonly heavy?: boolean
  readonly plan: (random: Random) => Plan
}

/** Starts all hospitals within 100 ms. */
export function startAll(world: World, random: Random): void {
  for (const { index } of world.hospitals) world.after(random.between(0, 100), () => world.start(index))
}

/** Approximate duration of a study without faults: about 15 network delays and a training per round. */
export function calmMs(study: StudySettings, delayMs: number): number {
  const { timing } = study
  return roundsIn(study).length * (15 * delayMs + timing.trainedDelayMs + 60)
}

/** Views that a round may need after the last fault. */
const VIEWS_BAD = 8
/** Time for transfers, beyond the timers. */
const SLACK_MS = 20_000

/**
 * An upper bound on a study's duration after the last fault: the views that the faults cost, their VOID, and the worst
 * case of every round.
 */
export function boundMs(study: StudySettings): number {
  const { timing } = study
  const { voteTimeoutMsMax, dataBaseMs, voidAfterMs, openDelayMs, resendAfterMs } = timing
  const view = dataBaseMs + 4 * voteTimeoutMsMax
  return roundsIn(study).length * (voidAfterMs + openDelayMs + VIEWS_BAD * view + 3 * resendAfterMs + SLACK_MS)
}

/** Draws hospitals that the study can do without, at most `most`. */
export function drawSpare(random: Random, study: StudySettings, most = Number.POSITIVE_INFINITY): number[] {
  const count = Math.min(spareOf(study), most)
  const all = Array.from({ length: study.hospitals }, (_, index) => index)
  return random.sample(all, random.whole(Math.min(1, count), Math.max(0, count)))
}
