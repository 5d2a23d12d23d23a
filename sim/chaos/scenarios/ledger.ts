/** Hospitals are killed two hundred times at any instant, and their ledgers never lose or change an entry. @module */

import { ledgerPath, readLedgerFile } from '../../../node/privacy/ledger-file.ts'
import { headsOf } from '../../../protocols/ledger/entry.ts'
import { Broken } from '../observer.ts'
import { planInstants } from '../plan.ts'
import { type Scenario, type Trial, untilCertified } from '../trial.ts'

const ROUND_MS_MAX = 120_000
const START_MS_MAX = 60_000
/** Kills per round on average; the study must not end before the last kill. */
const KILLS_PER_ROUND = 2

export const LEDGER: Scenario = {
  name: 'ledger',
  about: 'one of five after another is killed with SIGKILL at any instant, twice a round; its ledger is read each time',
  hospitals: 5,
  rounds: 100,
  roundMsMax: ROUND_MS_MAX,
  // a hospital that is killed repeatedly before its release may cost a round
  voidsMax: 25,
  timing: {},
  play,
}

/** A ledger's state when it was last read. */
interface Seen {
  readonly head: string
  readonly entries: number
  readonly epsilon: number
}

async function play(trial: Trial): Promise<void> {
  const { hospitals, observer, rounds, seed, note } = trial
  const seen = new Map<number, Seen>()
  let kills = 0
  for (const { victim, afterMs } of planInstants({
    hospitals: hospitals.length,
    kills: KILLS_PER_ROUND * rounds,
    seed,
  })) {
    if (observer.certified() >= rounds) break
    const up = () => observer.status(victim) !== undefined
    await observer.until(up, { withinMs: START_MS_MAX, what: `for ${hospitals[victim]?.site} to run` })
    await observer.sleep(afterMs)
    await hospitals[victim]?.kill()
    kills += 1
    seen.set(victim, await look(trial, victim, seen.get(victim)))
    trial.restart(victim)
  }
  await untilCertified(trial, rounds, ROUND_MS_MAX)
  const charged = Math.max(...[...seen.values()].map(({ entries }) => entries))
  note(`${kills} kills; every ledger opened, none had lost an entry, the longest has ${charged}`)
}

/** @throws Broken when a ledger has lost or changed anything */
async function look({ hospitals }: Trial, at: number, before: Seen | undefined): Promise<Seen> {
  const { folder, site } = hospitals[at]!
  // throws if the hash chain is broken
  const { entries, ledger } = await readLedgerFile(ledgerPath(folder), { everyEpsilon: false })
  const heads = headsOf(entries)
  const epsilon = Math.max(0, ...ledger.balances().map(balance => balance.epsilon))
  if (before !== undefined && heads[before.entries] !== before.head) {
    throw new Broken(`The ledger of ${site} had ${before.entries} entries, and does not begin with them any more`)
  }
  if (before !== undefined && epsilon < before.epsilon) {
    throw new Broken(`${site} had spent ${before.epsilon}, and now ${epsilon}`)
  }
  return { head: heads[entries.length]!, entries: entries.length, epsilon }
}
