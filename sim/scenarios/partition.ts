/** Lines are cut, between two sides or in one direction only, and restored. @module */

import type { Random } from '../world/random.ts'
import type { World } from '../world/world.ts'
import { cutFor, drawSides } from './faults.ts'
import { boundMs, calmMs, type Scenario, startAll } from './scenario.ts'
import { drawStudy } from './study.ts'

const CUT_MS_MAX = 30_000

/** Draws one cut: between two sides, in one direction, or of a few single lines. */
export function cutSomewhere(world: World, random: Random, { at, forMs }: { at: number; forMs: number }): void {
  const [one, other] = drawSides(random, world.hospitals.length)
  const kind = random.below(3)
  if (kind === 2) {
    for (const index of random.sample(one, 2)) {
      cutFor(world, { at, forMs, from: [index], to: random.sample(other, random.whole(1, 2)) })
    }
    return
  }
  cutFor(world, { at, forMs, from: one, to: other })
  if (kind === 0) cutFor(world, { at, forMs, from: other, to: one })
}

export const PARTITION: Scenario = {
  name: 'partition',
  summary: 'one to three partitions, two-sided, one-directional or of single lines, that heal',
  plan: random => {
    const study = drawStudy(random)
    const delayMs = random.between(1, 100)
    const studyMs = calmMs(study, delayMs)
    const cuts = Array.from({ length: random.whole(1, 3) }, () => ({
      at: random.between(0, 1.5 * studyMs),
      forMs: random.between(100, CUT_MS_MAX),
    }))
    return {
      study,
      network: { delayMs },
      withinMs: boundMs(study) + 1.5 * studyMs + CUT_MS_MAX + study.timing.voidAfterMs,
      begin: (world, dice) => {
        startAll(world, dice)
        for (const cut of cuts) cutSomewhere(world, dice, cut)
      },
    }
  },
}
