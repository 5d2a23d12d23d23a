/** Local caps on epsilon are spent before the study is over. @module */

import { epsilonOf } from '../../crypto/accounting/accountant.ts'
import { SAMPLE_RATE_ONE } from '../../protocols/study/limits.ts'
import { contributorsMinOf } from '../../protocols/study/quorum.ts'
import { boundMs, type Scenario, startAll } from './scenario.ts'
import { drawStudy, PRIVACY } from './study.ts'

/** A local cap that pays for exactly that many rounds. */
function capFor(rounds: number): number {
  const { sampleRate, noiseMultiplier, delta } = PRIVACY
  const rate = sampleRate / SAMPLE_RATE_ONE
  return epsilonOf([{ sampleRate: rate, noiseMultiplier, steps: rounds }], delta)
}

export const BUDGET: Scenario = {
  name: 'budget',
  summary: 'some hospitals can pay for a round or two only, vote on, and the others finish',
  plan: random => {
    const study = { ...drawStudy(random, { hospitalsMin: 4 }), noise: 'distributed' as const }
    // enough hospitals must keep a budget to contribute
    const most = study.hospitals - contributorsMinOf(study.colluders)
    const all = Array.from({ length: study.hospitals }, (_, index) => index)
    const poor = random.sample(all, random.whole(Math.min(1, most), most))
    return {
      study,
      network: { delayMs: random.between(1, 50) },
      epsilonMax: new Map(poor.map(index => [index, capFor(random.whole(1, 3))])),
      withinMs: 2 * boundMs(study),
      begin: startAll,
    }
  },
}
