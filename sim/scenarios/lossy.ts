/** Gossip is lost, duplicated and reordered; streams stall. @module */

import type { NetworkSettings } from '../world/network.ts'
import type { Random } from '../world/random.ts'
import { boundMs, type Scenario } from './scenario.ts'
import { drawStudy } from './study.ts'

/** Draws a bad network. */
export function drawBadNetwork(random: Random): NetworkSettings {
  return {
    delayMs: random.between(1, 100),
    loss: random.between(0, 0.4),
    duplication: random.between(0, 0.3),
    reordering: random.between(0, 0.3),
    holdMsMax: random.between(10, 2000),
  }
}

export const LOSSY: Scenario = {
  name: 'lossy',
  summary: 'up to 40 % of the gossip is lost, 30 % doubled, 30 % held back',
  plan: random => {
    const study = drawStudy(random)
    return { study, network: drawBadNetwork(random), withinMs: boundMs(study) }
  },
}
