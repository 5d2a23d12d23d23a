/**
 * What happens in a simulated world besides the study itself: a scenario makes a plan of a seed, and nothing else.
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

/** One world, before it begins. */
export interface Plan {
  readonly study: StudySettings
  /** hospitals that are in no roster at first: they come after the founding ones */
  readonly newcomers?: number
  readonly network?: Partial<NetworkSettings>
  readonly gossip?: GossipMode
  /** a local cap on epsilon, by index */
  readonly epsilonMax?: ReadonlyMap<number, number>
  /** the scripts of those that lie, by index; they need not finish */
  readonly liars?: ReadonlyMap<number, AdversaryFactory>
  /** what must be true in this world besides the invariants */
  readonly checkers?: readonly CheckerFactory[]
  /** those that are gone for good, in the end; all others must finish */
  readonly gone?: ReadonlySet<number>
  /** starts the hospitals and arranges what goes wrong; all of them start at once unless given */
  readonly begin?: (world: World, random: Random) => void
  /** virtual time in which every honest hospital that is not gone must have finished */
  readonly withinMs: number
}

export interface Scenario {
  readonly name: string
  /** one line */
  readonly summary: string
  /** true for what is run only when it is asked for by name */
  readonly heavy?: boolean
  readonly plan: (random: Random) => Plan
}

/** Starts every hospital within a moment of each other. */
export function startAll(world: World, random: Random): void {
  for (const { index } of world.hospitals) world.after(random.between(0, 100), () => world.start(index))
}

/** How long a study takes in which nothing goes wrong, about: some 15 delays a round, and a training. */
export function calmMs(study: StudySettings, delayMs: number): number {
  const { timing } = study
  return roundsIn(study).length * (15 * delayMs + timing.trainedDelayMs + 60)
}

/** Views that a round may need when nothing goes wrong any more. */
const VIEWS_BAD = 8
/** What goes over lines beyond the timers. */
const SLACK_MS = 20_000

/**
 * A bound on how long a study takes once nothing goes wrong any more: the lost views of the last faults, their VOID, and
 * every round at its worst.
 */
export function boundMs(study: StudySettings): number {
  const { timing } = study
  const { voteTimeoutMsMax, dataBaseMs, voidAfterMs, openDelayMs, resendAfterMs } = timing
  const view = dataBaseMs + 4 * voteTimeoutMsMax
  return roundsIn(study).length * (voidAfterMs + openDelayMs + VIEWS_BAD * view + 3 * resendAfterMs + SLACK_MS)
}

/** Some hospitals that the study can do without, fewer than `most`. */
export function drawSpare(random: Random, study: StudySettings, most = Number.POSITIVE_INFINITY): number[] {
  const count = Math.min(spareOf(study), most)
  const all = Array.from({ length: study.hospitals }, (_, index) => index)
  return random.sample(all, random.whole(Math.min(1, count), Math.max(0, count)))
}
