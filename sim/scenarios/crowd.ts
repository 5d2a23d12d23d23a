/** A hundred hospitals over a gossip mesh. @module */

import { boundMs, type Scenario } from './scenario.ts'
import { drawStudy } from './study.ts'

export const CROWD: Scenario = {
  name: 'crowd',
  summary: '100 hospitals, one round, messages spread by a mesh',
  heavy: true,
  plan: random => {
    const study = { ...drawStudy(random), hospitals: 100, profile: 'byzantine' as const, rounds: 1, inputs: 1023 }
    return { study, gossip: 'mesh', network: { delayMs: random.between(5, 50) }, withinMs: boundMs(study) }
  },
}
