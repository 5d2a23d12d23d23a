/** One hospital has a very slow line. @module */

import { boundMs, type Scenario, startAll } from './scenario.ts'
import { drawStudy } from './study.ts'

export const SLOW: Scenario = {
  name: 'slow',
  summary: 'one hospital on a line of 20 to 500 kbit/s with up to 1.5 s of delay',
  plan: random => {
    const study = drawStudy(random)
    const index = random.below(study.hospitals)
    const line = { delayMs: random.between(100, 1500), bitsPerSecond: random.between(20_000, 500_000) }
    return {
      study,
      network: { delayMs: random.between(1, 50) },
      withinMs: 2 * boundMs(study),
      begin: (world, dice) => {
        world.network.setLine(world.hospitals[index]!, line)
        startAll(world, dice)
      },
    }
  },
}
