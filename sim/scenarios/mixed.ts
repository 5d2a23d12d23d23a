/** Several things go wrong at once. @module */

import { DOWN_MS_MAX, drawKills } from './crashes.ts'
import { killAtPoints } from './faults.ts'
import { drawBadNetwork } from './lossy.ts'
import { cutSomewhere } from './partition.ts'
import { boundMs, type Scenario } from './scenario.ts'
import { drawStudy } from './study.ts'

export const MIXED: Scenario = {
  name: 'mixed',
  summary: 'a bad network, kills, a partition, a slow line and a slow starter, at once',
  plan: random => {
    const study = drawStudy(random)
    const kills = drawKills(random, study, 4)
    const lateIndex = random.below(study.hospitals)
    const slowIndex = random.below(study.hospitals)
    const line = { delayMs: random.between(10, 500), bitsPerSecond: random.between(100_000, 1_000_000) }
    return {
      study,
      network: drawBadNetwork(random),
      withinMs: 2 * boundMs(study) + 60_000 + kills.length * (DOWN_MS_MAX + study.timing.voidAfterMs),
      begin: (world, dice) => {
        if (dice.chance(0.5)) world.network.setLine(world.hospitals[slowIndex]!, line)
        if (dice.chance(0.7)) killAtPoints(world, kills)
        if (dice.chance(0.7)) {
          cutSomewhere(world, dice, { at: dice.between(0, 10_000), forMs: dice.between(100, 20_000) })
        }
        const lateMs = dice.chance(0.5) ? 20_000 : 100
        for (const { index } of world.hospitals) {
          world.after(dice.between(0, index === lateIndex ? lateMs : 100), () => world.start(index))
        }
      },
    }
  },
}
