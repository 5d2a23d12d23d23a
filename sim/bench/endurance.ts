/**
 * What a peer keeps after many rounds: the state of its machine, beside what it keeps after a few. The disk of a
 * simulated hospital grows with the transcript, as a real one does; the state must not.
 *
 * @module
 */

import { serialize } from 'node:v8'
import { runSeed } from '../run.ts'
import { boundMs, type Scenario } from '../scenario.ts'
import { drawStudy } from '../study.ts'

const HOSPITALS = 4
const EARLY_ROUND = 50

export interface EnduranceRow {
  readonly rounds: number
  /** serialized bytes of one peer's state at the end of a round */
  readonly earlyBytes: number
  readonly lateBytes: number
  readonly ratio: number
}

/** Runs one study of so many rounds. @throws Error when it does not finish */
export function benchEndurance(rounds: number): EnduranceRow {
  const scenario: Scenario = {
    name: 'endurance',
    summary: `${HOSPITALS} hospitals, ${rounds} rounds`,
    plan: random => {
      const study = { ...drawStudy(random), hospitals: HOSPITALS, profile: 'byzantine' as const, rounds, colluders: 1 }
      return { study: { ...study, noise: 'off' }, network: { delayMs: 20 }, withinMs: boundMs(study) }
    },
  }
  let [earlyBytes, lateBytes] = [0, 0]
  const { failure } = runSeed({
    scenario,
    seed: 1,
    checkers: [],
    tamper: world => {
      world.inspect = ({ index, state }, effect) => {
        if (index !== 0 || effect.type !== 'emit' || effect.notice.kind !== 'phase') return
        if (effect.notice.phase !== 'summed') return
        lateBytes = serialize(state).length
        if (effect.notice.round === EARLY_ROUND) earlyBytes = lateBytes
      }
    },
  })
  if (failure !== null) throw new Error(failure.what)
  return { rounds, earlyBytes, lateBytes, ratio: lateBytes / earlyBytes }
}
