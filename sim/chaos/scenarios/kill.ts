/** In every round one hospital is killed, and is back within 20 s. @module */

import { killInWindow } from '../kill-window.ts'
import { Broken } from '../observer.ts'
import { planKills } from '../plan.ts'
import { type Scenario, type Trial, untilCertified } from '../trial.ts'

const ROUND_MS_MAX = 60_000
const SPARED_SHARE_MAX = 0.1

export const KILL: Scenario = {
  name: 'kill',
  about: 'in every round one of five is killed with SIGKILL and restarted within 20 s',
  hospitals: 5,
  rounds: 20,
  roundMsMax: ROUND_MS_MAX,
  voidsMax: 0,
  timing: {},
  play,
}

async function play(trial: Trial): Promise<void> {
  const { hospitals, observer, rounds, seed, note } = trial
  const returns: Promise<void>[] = []
  const hit = new Set<number>()
  for (const { instant, victims, awayMs } of planKills({ hospitals: hospitals.length, rounds, seed })) {
    await untilCertified(trial, instant.round - 1, ROUND_MS_MAX)
    const runs = (): number | undefined => victims.find(at => hospitals[at]?.runs)
    await observer.until(() => runs() !== undefined, { withinMs: ROUND_MS_MAX, what: 'for anybody to run' })
    const victim = runs() as number
    const { round, phase } = await killInWindow(trial, victim, instant)
    await hospitals[victim]?.kill()
    hit.add(round)
    note(`round ${round}: ${hospitals[victim]?.site} killed, phase ${phase}, away for ${(awayMs / 1000).toFixed(1)} s`)
    returns.push(observer.sleep(awayMs).then(() => trial.restart(victim)))
  }
  await Promise.all(returns)
  const spared = Array.from({ length: rounds }, (_, at) => at + 1).filter(round => !hit.has(round))
  note(`${hit.size} of ${rounds} rounds were hit${spared.length === 0 ? '' : `, not ${spared.join(', ')}`}`)
  // a phase of milliseconds may be missed sometimes, but a study with few kills proves nothing
  if (spared.length > Math.max(1, rounds * SPARED_SHARE_MAX))
    throw new Broken(`Only ${hit.size} of ${rounds} rounds were hit`)
}
