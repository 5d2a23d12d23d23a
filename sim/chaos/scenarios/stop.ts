/** SIGSTOP suspends one hospital for longer than every timeout; its connections stay open and silent. @module */

import { killInWindow } from '../kill-window.ts'
import { Broken } from '../observer.ts'
import { planBlow } from '../plan.ts'
import { type Scenario, type Trial, untilCertified } from '../trial.ts'

/** Longer than the sum of all timers below. */
const HOLD_MS = 30_000
const ROUND_MS_MAX = 22_000
const CATCH_UP_MS_MAX = 20_000

export const STOP: Scenario = {
  name: 'stop',
  about: 'one of four stands still (SIGSTOP) for longer than every timeout, then goes on',
  hospitals: 4,
  rounds: 40,
  roundMsMax: ROUND_MS_MAX,
  // the round during the suspension may have needed its key
  voidsMax: 2,
  timing: {
    openDelayMs: 500,
    voteTimeoutMs: 1000,
    voteTimeoutMsMax: 4000,
    lostAfterMs: 1000,
    resendAfterMs: 2000,
    voidAfterMs: 8000,
    dataBaseMs: 3000,
    // slows the rounds, so that the study outlasts the suspension
    trainedDelayMs: 1200,
  },
  play,
}

async function play(trial: Trial): Promise<void> {
  const { hospitals, observer, seed, note } = trial
  const { victim, instant } = planBlow('stop', { hospitals: hospitals.length, seed })
  const others = hospitals.map((_, at) => at).filter(at => at !== victim)
  await untilCertified(trial, instant.round - 1, ROUND_MS_MAX)
  const { round, phase } = await killInWindow(trial, victim, instant)
  hospitals[victim]?.signal('SIGSTOP')
  note(`round ${round}: ${hospitals[victim]?.site} stopped, phase ${phase}, for ${HOLD_MS / 1000} s`)
  await observer.sleep(HOLD_MS)
  const missed = observer.certified(others)
  hospitals[victim]?.signal('SIGCONT')
  const woken = performance.now()
  if (missed < round + 2) throw new Broken(`The others came only to round ${missed} meanwhile`)
  const caughtUp = (): boolean => observer.newest(victim) >= missed
  await observer.until(caughtUp, { withinMs: CATCH_UP_MS_MAX, what: `for it to catch up to round ${missed}` })
  note(`it caught up with round ${missed} in ${((performance.now() - woken) / 1000).toFixed(1)} s`)
  const peer = hospitals[victim]?.peer as string
  const again = (): boolean =>
    [...observer.heard(others[0] as number).values()].some(
      ({ round, contributors }) => round > missed && contributors.includes(peer),
    )
  await observer.until(again, { withinMs: 2 * ROUND_MS_MAX, what: 'for it to contribute again' })
}
