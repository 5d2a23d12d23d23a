/** Some hospitals start during the study or after its end. @module */

import { boundMs, calmMs, drawSpare, type Scenario } from './scenario.ts'
import { drawStudy } from './study.ts'

const LATE_MS_MAX = 40_000

export const LATE: Scenario = {
  name: 'late',
  summary: 'some hospitals start up to 40 s late; the others go on if they are enough',
  plan: random => {
    const study = drawStudy(random)
    // sometimes so many are late that the others must wait
    const waiting = random.chance(0.3)
    const late = new Set(
      waiting ? drawSpare(random, { ...study, colluders: 1, profile: 'crash' }) : drawSpare(random, study),
    )
    if (waiting) late.add(random.below(study.hospitals))
    const delayMs = random.between(1, 100)
    // before the others have finished, or at any time
    const lateMsMax = random.chance(0.5) ? calmMs(study, delayMs) : LATE_MS_MAX
    return {
      study,
      network: { delayMs },
      withinMs: boundMs(study) + LATE_MS_MAX,
      begin: (world, dice) => {
        for (const { index } of world.hospitals) {
          world.after(dice.between(0, late.has(index) ? lateMsMax : 100), () => world.start(index))
        }
      },
    }
  },
}
