/** One hospital's disk fills up during a round, twice; with free space it contributes again. @module */

import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { killInWindow } from '../kill-window.ts'
import { Broken } from '../observer.ts'
import { type Blow, planBlow } from '../plan.ts'
import { runProgram } from '../sandbox.ts'
import type { Environment } from '../testbed.ts'
import { type Scenario, type Stage, type Trial, untilCertified } from '../trial.ts'

const HOSPITALS = 4
const DISK_MIB = 32
const FILLS = 2
const ROUND_MS_MAX = 30_000
/** Time for the node to notice the full disk: it writes several times a round. */
const END_MS_MAX = 30_000
const ROUNDS_WITHOUT = 2
const FILLER = 'filler'

export const DISK: Scenario = {
  name: 'disk',
  about: 'one of four runs out of disk in the middle of a round, twice; its folder is a small file system of its own',
  hospitals: HOSPITALS,
  rounds: 30,
  roundMsMax: ROUND_MS_MAX,
  // a round may need the key of the hospital with the full disk
  voidsMax: FILLS,
  timing: { voidAfterMs: 15_000, trainedDelayMs: 500 },
  needs: 'mount',
  environment,
  play,
}

const blow = (seed: number, fill: number): Blow => planBlow(`disk ${fill}`, { hospitals: HOSPITALS, seed })

async function environment({ seed }: Stage): Promise<Environment> {
  const { victim } = blow(seed, 0)
  let mounted: string | undefined
  return {
    prepare: async (home, at) => {
      if (at !== victim) return
      await runProgram('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MIB}m`, 'tmpfs', home])
      mounted = home
    },
    clear: async () => {
      if (mounted !== undefined) await runProgram('umount', [mounted])
    },
  }
}

async function play(trial: Trial): Promise<void> {
  const { victim } = blow(trial.seed, 0)
  for (let fill = 0; fill < FILLS; fill++) await fillOnce(trial, victim, fill)
}

async function fillOnce(trial: Trial, victim: number, fill: number): Promise<void> {
  const { hospitals, observer, seed, note } = trial
  const hospital = hospitals[victim] as (typeof hospitals)[number]
  const { instant } = blow(seed, fill)
  const from = observer.certified()
  await untilCertified(trial, from + instant.round - 1, ROUND_MS_MAX)
  const { round, phase } = await killInWindow(trial, victim, { ...instant, round: from + instant.round })
  const filler = join(hospital.folder, FILLER)
  fillDisk(filler)
  note(`round ${round}: the disk of ${hospital.site} is full, phase ${phase}`)
  try {
    const began = performance.now()
    const { code, told } = await clearEnd(trial, victim)
    note(`its node ended after ${((performance.now() - began) / 1000).toFixed(1)} s, exit code ${code}: ${told}`)
    await untilCertified(trial, observer.certified() + ROUNDS_WITHOUT, ROUND_MS_MAX)
  } finally {
    rmSync(filler)
  }
  const back = observer.certified()
  trial.restart(victim)
  const again = (): boolean =>
    hospitals.some((_, at) =>
      [...observer.heard(at).values()].some(
        record => record.round > back && record.contributors.includes(hospital.peer),
      ),
    )
  await observer.until(again, { withinMs: 2 * ROUND_MS_MAX, what: `for ${hospital.site} to contribute again` })
}

/** Writes until the disk has no byte left. */
function fillDisk(file: string): void {
  const handle = openSync(file, 'w')
  for (let bytes = 1 << 20; bytes >= 1; bytes >>= 1) {
    try {
      for (;;) writeSync(handle, new Uint8Array(bytes))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    }
  }
  closeSync(handle)
}

/** Requires an exit with a sentence and a hint and without a stack, because an operator must know what to do. */
async function clearEnd({ hospitals, observer }: Trial, victim: number): Promise<{ code: number; told: string }> {
  const hospital = hospitals[victim] as (typeof hospitals)[number]
  const ending = await Promise.race([hospital.ended(), observer.sleep(END_MS_MAX)])
  if (ending === undefined) throw new Broken(`${hospital.site} went on for ${END_MS_MAX / 1000} s without a disk`)
  const words = (await hospital.log()).split('\n').filter(line => line !== '' && !line.startsWith('{'))
  const told = words.slice(-2).join('\n')
  const clear = /^confrere: .*(disk|space).*\n {2}hint: .+$/i.test(told) && !told.includes('bug')
  if (ending.code === null || ending.code === 0 || !clear) {
    throw new Broken(
      `${hospital.site} ended with ${ending.signal ?? ending.code} and said: ${words.slice(-8).join('\n')}`,
    )
  }
  return { code: ending.code, told: words.at(-2) as string }
}
