/** Hospitals are killed at random effects and jobs, and restarted. @module */

import type { Random } from '../world/random.ts'
import { type Kill, killAtPoints, pointsPerRound } from './faults.ts'
import { boundMs, type Scenario, startAll } from './scenario.ts'
import { drawStudy, type StudySettings } from './study.ts'

export const DOWN_MS_MAX = 15_000

/** Draws kills at random points of a study. */
export function drawKills(random: Random, { hospitals, rounds }: StudySettings, most: number): Kill[] {
  const points = rounds * pointsPerRound(hospitals)
  return Array.from({ length: random.whole(1, most) }, () => ({
    index: random.below(hospitals),
    point: random.below(points),
    downMs: random.whole(1, DOWN_MS_MAX),
  }))
}

export const CRASHES: Scenario = {
  name: 'crashes',
  summary: 'up to six kills at any instant, each followed by a restart',
  plan: random => {
    const study = drawStudy(random)
    const kills = drawKills(random, study, 6)
    return {
      study,
      network: { delayMs: random.between(1, 100) },
      withinMs: boundMs(study) + kills.length * (DOWN_MS_MAX + study.timing.voidAfterMs),
      begin: (world, dice) => {
        killAtPoints(world, kills)
        startAll(world, dice)
      },
    }
  },
}
