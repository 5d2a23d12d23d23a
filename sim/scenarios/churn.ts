/** About a third of the hospitals is away at any time. @module */

import type { Random } from '../world/random.ts'
import type { World } from '../world/world.ts'
import { killNow } from './faults.ts'
import { boundMs, calmMs, type Scenario, startAll } from './scenario.ts'
import { drawStudy } from './study.ts'

const AWAY = 0.3

/** A hospital's churn: its end, and the longest presence at a time. */
interface Coming {
  readonly index: number
  readonly untilMs: number
  readonly hereMsMax: number
}

/** Alternates a hospital's presence and absence: it is away for 30 % of the time. */
function comeAndGo(world: World, random: Random, coming: Coming): void {
  const { index, untilMs, hereMsMax } = coming
  const hereMs = random.between(0.1, 1) * hereMsMax
  const awayMs = (hereMs * AWAY) / (1 - AWAY)
  world.after(hereMs, () => {
    if (world.now > untilMs) return
    killNow(world, index, awayMs)
    world.after(awayMs, () => comeAndGo(world, random, coming))
  })
}

export const CHURN: Scenario = {
  name: 'churn',
  summary: 'every hospital comes and goes, 30 % of the time away, for up to twenty times as long as a calm study takes',
  plan: random => {
    const study = drawStudy(random)
    const delayMs = random.between(1, 50)
    const studyMs = calmMs(study, delayMs)
    const untilMs = random.between(1, 20) * studyMs
    const hereMsMax = random.between(0.5, 5) * studyMs
    return {
      study,
      network: { delayMs },
      withinMs: boundMs(study) + untilMs + study.timing.voidAfterMs,
      begin: (world, dice) => {
        startAll(world, dice)
        for (const { index } of world.hospitals) comeAndGo(world, dice, { index, untilMs, hereMsMax })
      },
    }
  },
}
