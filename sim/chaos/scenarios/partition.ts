/** Four hospitals in network namespaces: every kind of partition, healed, then a slow and lossy link. @module */

import { join } from 'node:path'
import { openSocket, type Place } from '../../processes/node-process.ts'
import { layNetwork, type Wiring } from '../network.ts'
import { Broken } from '../observer.ts'
import { planSplits, type Split } from '../plan.ts'
import type { Environment } from '../testbed.ts'
import { type Scenario, type Stage, type Trial, untilCertified } from '../trial.ts'

const HOSPITALS = 4
const FIRST_ROUNDS = 3
const ROUND_MS_MAX = 60_000
/** Time for messages in flight to arrive after a cut. */
const SETTLE_MS = 3000
/** Time for which a study without a quorum must stay halted. */
const HALT_MS = 15_000
/** Rounds for which a partition lasts if rounds go on. */
const SPLIT_ROUNDS = 3
const SPLIT_MS_MIN = 15_000
const HEAL_MS_MAX = 60_000

let wiring: Wiring | undefined

export const PARTITION: Scenario = {
  name: 'partition',
  about: 'four in network namespaces are split 3/1, 2/2 and one way, then joined; at last a slow, lossy link',
  hospitals: HOSPITALS,
  rounds: 60,
  roundMsMax: ROUND_MS_MAX,
  // a hospital that is cut off after the commitment cannot release its key
  voidsMax: 5,
  timing: { voidAfterMs: 15_000, trainedDelayMs: 1000 },
  needs: 'network',
  environment,
  play,
}

async function environment({ folder }: Stage): Promise<Environment> {
  const laid = await layNetwork(HOSPITALS)
  wiring = laid
  const places = Array.from({ length: HOSPITALS }, (_, at): Place => {
    const socket = join(folder, `${at + 1}.socket`)
    return { host: laid.host(at), enter: laid.enter(at), socket }
  })
  const opened = async (at: number, httpPort: number): Promise<void> => {
    const { socket, enter } = places[at] as Place
    openSocket({ socket, enter }, { httpPort, log: join(folder, 'relay.log') })
  }
  return { places, opened }
}

async function play(trial: Trial): Promise<void> {
  const { observer, seed, note, hospitals } = trial
  const laid = wiring as Wiring
  await untilCertified(trial, FIRST_ROUNDS, ROUND_MS_MAX)
  for (const split of planSplits({ hospitals: HOSPITALS, seed })) {
    const names = split.part.map(at => hospitals[at]?.site).join(', ')
    const before = observer.certified()
    await laid.cut(split.cuts)
    const began = performance.now()
    if (split.goesOn) await goOn(trial, split)
    else await halt(trial)
    await laid.cut([])
    const healed = performance.now()
    const seconds = (from: number): string => ((performance.now() - from) / 1000).toFixed(1)
    const after = observer.certified()
    note(`${split.kind} (${names}): rounds ${before} to ${after} in ${seconds(began)} s`)
    const joined = (): boolean => observer.shared(hospitals.map((_, at) => at)) > after
    await observer.until(joined, { withinMs: HEAL_MS_MAX, what: `for all four to have round ${after + 1}` })
    observer.thaw()
    note(`  all four were at one again ${seconds(healed)} s after`)
  }
  const victim = planSplits({ hospitals: HOSPITALS, seed })[0]?.part[0] as number
  note(`the link of ${hospitals[victim]?.site} is ${await laid.spoil(victim)}`)
}

/** Requires the larger part to go on. The verdict checks that no other hospital certifies anything different. */
async function goOn(trial: Trial, { part, kind, cuts }: Split): Promise<void> {
  const { observer, hospitals } = trial
  const others = hospitals.map((_, at) => at).filter(at => kind === 'one-way' || !part.includes(at))
  const began = performance.now()
  const goal = observer.certified() + SPLIT_ROUNDS
  while (observer.certified(others) < goal || performance.now() - began < SPLIT_MS_MIN) {
    const next = observer.certified(others) + 1
    const what = `for round ${next} with ${cuts.length} directions cut (${kind})`
    await observer.until(() => observer.certified(others) >= next, { withinMs: ROUND_MS_MAX, what })
  }
  if (kind !== 'three-one') return
  const alone = part[0] as number
  if (observer.newest(alone) > goal - SPLIT_ROUNDS + 1) throw new Broken(`${hospitals[alone]?.site} went on alone`)
}

/** Requires that neither half certifies a round. */
async function halt({ observer }: Trial): Promise<void> {
  await observer.sleep(SETTLE_MS)
  // the halt is intended, so it does not count as slow
  observer.freeze()
  const before = observer.certified()
  await observer.sleep(HALT_MS)
  if (observer.certified() > before)
    throw new Broken(`Round ${observer.certified()} was certified by half of the hospitals`)
}
