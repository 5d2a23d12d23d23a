/** Nothing goes wrong. @module */

import { boundMs, type Scenario } from './scenario.ts'
import { drawStudy } from './study.ts'

export const CALM: Scenario = {
  name: 'calm',
  summary: 'nothing goes wrong; lines of 1 to 200 ms',
  plan: random => {
    const study = drawStudy(random)
    return { study, network: { delayMs: random.between(1, 200) }, withinMs: boundMs(study) }
  },
}
