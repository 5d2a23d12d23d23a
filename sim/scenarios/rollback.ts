/** One hospital's disk is rolled back to an older state, as by restoring an image. @module */

import { rollBack } from './faults.ts'
import { boundMs, calmMs, type Scenario, startAll } from './scenario.ts'
import { drawStudy } from './study.ts'

export const ROLLBACK: Scenario = {
  name: 'rollback',
  summary: 'one hospital is set back to an older disk and started again, once or twice',
  plan: random => {
    const study = drawStudy(random, { hospitalsMin: 4 })
    const delayMs = random.between(1, 60)
    const studyMs = calmMs(study, delayMs)
    const index = random.below(study.hospitals)
    const rollbacks = Array.from({ length: random.whole(1, 2) }, () => {
      const savedAt = random.between(0, studyMs)
      return { index, savedAt, killedAt: savedAt + random.between(0, studyMs), downMs: random.between(1, 15_000) }
    })
    return {
      study,
      network: { delayMs },
      withinMs: boundMs(study) + rollbacks.length * 15_000 + 2 * study.timing.voidAfterMs,
      begin: (world, dice) => {
        startAll(world, dice)
        for (const one of rollbacks) rollBack(world, one)
      },
    }
  },
}
