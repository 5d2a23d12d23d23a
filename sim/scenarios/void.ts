/** A hospital is killed after the commit and never restarts: the round is VOID, and the others go on. @module */

import { killWhen } from './faults.ts'
import { boundMs, drawSpare, type Scenario, startAll } from './scenario.ts'
import { drawStudy } from './study.ts'

export const VOID: Scenario = {
  name: 'void',
  summary: 'as many as can be spared die for good after a commit, released or not',
  plan: random => {
    const study = drawStudy(random, { hospitalsMin: 4 })
    const gone = drawSpare(random, study, 2)
    const deaths = gone.map(index => ({
      index,
      round: random.whole(1, study.rounds),
      phase: random.pick(['committed', 'committed', 'released', 'summed'] as const),
    }))
    return {
      study,
      gone: new Set(gone),
      network: { delayMs: random.between(1, 100) },
      withinMs: boundMs(study) + 2 * study.timing.voidAfterMs,
      begin: (world, dice) => {
        for (const { index, round, phase } of deaths) {
          const when = ({ state }: { state: { round: number; phase: string } }) =>
            state.phase === phase && state.round >= round
          killWhen(world, { index, downMs: null, when })
        }
        startAll(world, dice)
      },
    }
  },
}
