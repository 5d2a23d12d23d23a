/** One hospital loses its machine in the middle of the study, and goes on from a backup on a new one. @module */

import { restoreBackup } from './faults.ts'
import { boundMs, calmMs, type Scenario, startAll } from './scenario.ts'
import { drawStudy } from './study.ts'

export const RESTORE: Scenario = {
  name: 'restore',
  // another scenario in turn would give every seed that is cited somewhere another meaning
  heavy: true,
  summary: 'one hospital loses everything but the ledger of an older backup, once or twice; also where all are needed',
  plan: random => {
    const study = drawStudy(random, { hospitalsMax: random.chance(0.5) ? 4 : 8 })
    const delayMs = random.between(1, 60)
    const studyMs = calmMs(study, delayMs)
    const index = random.below(study.hospitals)
    const losses = Array.from({ length: random.whole(1, 2) }, () => {
      const savedAt = random.between(0, studyMs)
      // away for as little as a process takes to start, or for longer than others wait
      const downMs = random.chance(0.5) ? random.between(1, 500) : random.between(500, 15_000)
      return { index, savedAt, killedAt: savedAt + random.between(0, studyMs), downMs }
    })
    return {
      study,
      network: { delayMs },
      withinMs: boundMs(study) + losses.length * 15_000 + 4 * study.timing.voidAfterMs,
      begin: (world, dice) => {
        startAll(world, dice)
        for (const one of losses) restoreBackup(world, one)
      },
    }
  },
}
