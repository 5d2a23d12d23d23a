// Claims, with real processes: a backup is written while the node runs; after its machine is lost a node goes on from it
// in a new folder, also where the study needs all of its three hospitals and cannot go on meanwhile. It contradicts nothing
// that it has said before, ends the rounds that it may have been in without a word, contributes again, and its account has
// every round that it contributed to before and after.

import { cp, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { ClassicLevel } from 'classic-level'
import { ledgerPath, readLedgerFile } from '../../../node/privacy/ledger-file.ts'
import { STORE_FOLDER } from '../../../node/storage/store.ts'
import { startProcess, works } from '../../helpers/cli.ts'
import { createSites, foundStudy, roundsOf, type Site, statusOf, until } from '../../helpers/study/sites.ts'

const ROUNDS = 40

/** Keys of the node's own messages of rounds in progress. */
async function ownMessages(folder: string): Promise<string[]> {
  const copy = `${join(folder, STORE_FOLDER)}-read`
  await cp(join(folder, STORE_FOLDER), copy, { recursive: true })
  const level = new ClassicLevel<string, Uint8Array>(copy, { keyEncoding: 'utf8', valueEncoding: 'view' })
  const keys = await level.keys({ gte: 'own/', lt: 'own0' }).all()
  await level.close()
  await rm(copy, { recursive: true })
  return keys
}

async function chargedRounds(folder: string, study: string): Promise<number[]> {
  const { ledger } = await readLedgerFile(ledgerPath(folder))
  return ledger.charges(study).map(({ round }) => round)
}

const evidenceOf = async ({ folder }: Site): Promise<string[]> =>
  await readdir(join(folder, 'evidence'), { recursive: true }).catch(() => [])

test('a hospital of three loses its machine in a round, and goes on from a backup that is several rounds old', async t => {
  const sites = (await createSites(t)).slice(0, 3)
  const [first, second, lost] = sites as [Site, Site, Site]
  const study = await foundStudy(t, sites, { rounds: `rounds = ${ROUNDS}`, epsilon: 'epsilon = 8' })
  const nodes = sites.map(({ folder }) => startProcess(t, folder))
  await until(lost, nodes[2]!, ({ round }) => round > 2)
  const backup = `${lost.folder}.backup`
  await works(t, 'backup', backup, '--data', lost.folder)
  const saved = (await statusOf(lost))!.round
  const { round: stopped } = await until(lost, nodes[2]!, ({ round, phase }) => round > saved + 3 && phase !== 'idle')
  nodes[2]!.child.kill('SIGKILL')
  await nodes[2]!.exited
  const old = `${lost.folder}-old`
  await rename(lost.folder, old)
  await works(t, 'restore', backup, '--data', lost.folder)

  // alone it says nothing, however long
  nodes[0]!.child.kill('SIGSTOP')
  nodes[1]!.child.kill('SIGSTOP')
  const alone = startProcess(t, lost.folder)
  await until(lost, alone, ({ peer }) => peer === lost.peer)
  await new Promise(resolve => setTimeout(resolve, 3000))
  alone.child.kill('SIGKILL')
  await alone.exited
  t.deepEqual(await ownMessages(lost.folder), [])
  nodes[0]!.child.kill('SIGCONT')
  nodes[1]!.child.kill('SIGCONT')

  nodes[2] = startProcess(t, lost.folder)
  const ends = await Promise.all(sites.map((site, at) => until(site, nodes[at]!, ({ phase }) => phase === 'finished')))
  t.is(new Set(ends.map(({ checkpoint }) => checkpoint)).size, 1)
  const rounds = (await roundsOf(first))!
  const void_ = rounds.filter(({ outcome }) => outcome === 'void').map(({ round }) => round)
  t.log(`backup in round ${saved}, stopped in ${stopped}, void: ${void_}`)
  t.true(void_.length >= 1 && void_.length <= 3, `${void_}`)
  t.true(
    // it may have begun one round more between the look at it and its end
    void_.every(round => round >= stopped && round <= stopped + 3),
    `${stopped}: ${void_}`,
  )
  // the others held its messages of before: a second one in a slot would have been evidence
  for (const site of [first, second]) {
    t.deepEqual(
      (await evidenceOf(site)).filter(name => name.endsWith('.evidence')),
      [],
    )
  }
  const contributed = rounds.filter(({ contributors }) => contributors.includes(lost.peer)).map(({ round }) => round)
  t.true(contributed.some(round => round > stopped + 3))
  const charged = new Set(await chargedRounds(lost.folder, study))
  const due = [...contributed, ...(await chargedRounds(old, study))]
  t.deepEqual(
    due.filter(round => !charged.has(round)),
    [],
    'nothing is given back',
  )
  await works(t, 'privacy', 'verify', '--data', lost.folder)
  t.notRegex(nodes[2]!.log(), /"level":"(error|fatal)"/)
})
