/** One hospital's wall clock jumps by hours and days, and the hospital is restarted once meanwhile. @module */

import { fileURLToPath } from 'node:url'
import { killInWindow } from '../kill-window.ts'
import { Broken } from '../observer.ts'
import { planBlow } from '../plan.ts'
import type { Environment } from '../testbed.ts'
import { type Scenario, type Stage, type Trial, untilCertified } from '../trial.ts'

const HOSPITALS = 4
const JUMP_EVERY_MS = 700
const ROUND_MS_MAX = 30_000
const HOUR_MS = 3_600_000
const PRELOAD = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../clock-preload.ts' : '../clock-preload.js', import.meta.url),
)

export const CLOCK: Scenario = {
  name: 'clock',
  about: 'the wall clock of one of four jumps by up to two days, several times a round',
  hospitals: HOSPITALS,
  rounds: 20,
  roundMsMax: ROUND_MS_MAX,
  voidsMax: 0,
  timing: { trainedDelayMs: 500 },
  environment,
  play,
}

async function environment({ seed }: Stage): Promise<Environment> {
  const { victim } = planBlow('clock', { hospitals: HOSPITALS, seed })
  const environment = { NODE_OPTIONS: `--import=${PRELOAD}`, CONFRERE_CHAOS_CLOCK: `${seed}:${JUMP_EVERY_MS}` }
  return { environment: at => (at === victim ? environment : {}) }
}

async function play(trial: Trial): Promise<void> {
  const { hospitals, observer, rounds, seed, note } = trial
  const { victim, instant } = planBlow('clock', { hospitals: HOSPITALS, seed })
  const hospital = hospitals[victim] as (typeof hospitals)[number]
  await untilCertified(trial, instant.round - 1, ROUND_MS_MAX)
  const { round, phase } = await killInWindow(trial, victim, instant)
  await hospital.kill()
  trial.restart(victim)
  note(`round ${round}: ${hospital.site}, whose clock jumps, was killed in phase ${phase} and restarted`)
  await untilCertified(trial, rounds, ROUND_MS_MAX)
  const others = hospitals.map((_, at) => at).filter(at => at !== victim)
  const records = [...observer.heard(others[0] as number).values()]
  const contributed = records.filter(({ contributors }) => contributors.includes(hospital.peer)).length
  const spanHours = jumpedMs(await hospital.log()) / HOUR_MS
  note(
    `its clock showed times ${spanHours.toFixed(0)} hours apart; it contributed to ${contributed} of ${rounds} rounds`,
  )
  if (spanHours < 1) throw new Broken('The clock did not jump: nothing was shown')
  // it may miss the round of the kill and those until it is back
  if (contributed < rounds / 2) throw new Broken(`It contributed to only ${contributed} of ${rounds} rounds`)
}

/** The span of the timestamps in a log, ms. */
function jumpedMs(log: string): number {
  const times = [...log.matchAll(/"time":"([^"]+)"/g)].map(([, time]) => Date.parse(time as string))
  return Math.max(...times) - Math.min(...times)
}
