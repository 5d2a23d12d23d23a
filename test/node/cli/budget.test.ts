// Claims of privacy.md, "Ledger": a node that reaches its privacy cap in the middle of a study ends with exit code 7 and nothing is
// charged beyond; a restart, however often, changes nothing; the other hospitals go on.

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { EXIT } from '../../../node/errors.ts'
import { fails, startProcess, works } from '../../helpers/cli.ts'
import { createSites, foundStudy, roundsOf, type Site, until } from '../../helpers/study/sites.ts'

const ROUNDS = 14

const ledgerOf = ({ folder }: Site) => readFile(join(folder, 'privacy', 'ledger'), 'utf8')

/** What the account of a site's only records has spent, in all and in a study. */
async function spentBy(t: Parameters<typeof works>[0], { folder }: Site, study: string) {
  const { accounts } = JSON.parse(await works(t, 'privacy', 'show', '--data', folder, '--json'))
  const [account] = accounts
  const { charged } = account.studies.find((one: { study: string }) => one.study === study)
  return { total: account.epsilon as number, charged: charged as number, accounts: accounts.length as number }
}

test('a node at its cap leaves a running study with exit code 7, restarts charge nothing, the others go on', async t => {
  const sites = await createSites(t)
  const [witness, , capped] = sites as [Site, Site, Site]

  // an earlier study of the same records takes a part of what the second would need
  const earlier = await foundStudy(t, sites, { rounds: 'rounds = 3', epsilon: 'epsilon = 1.5' })
  const before = sites.map(({ folder }) => startProcess(t, folder, '--study', earlier))
  await Promise.all(sites.map((site, i) => until(site, before[i]!, ({ phase }) => phase === 'finished')))
  for (const { child } of before) child.kill('SIGTERM')
  t.deepEqual(await Promise.all(before.map(node => node.exited)), [0, 0, 0, 0])

  // as much as the study may spend by itself: start has nothing against it
  const config = join(capped.folder, 'config.toml')
  await writeFile(config, (await readFile(config, 'utf8')).replace(/^epsilonMax = .*$/m, 'epsilonMax = 3'))
  const study = await foundStudy(t, sites, { rounds: `rounds = ${ROUNDS}`, epsilon: 'epsilon = 3' })
  const nodes = sites.map(({ folder }) => startProcess(t, folder, '--study', study))
  t.is(await nodes[2]!.exited, EXIT.budgetExhausted, nodes[2]!.log())
  t.regex(
    nodes[2]!.log(),
    /confrere: The privacy budget for "Spec" is spent after \d+ rounds: .*\n {2}hint: .*cap does/,
  )

  const spent = await spentBy(t, capped, study)
  t.true(spent.charged > 0 && spent.charged < ROUNDS, `${spent.charged} rounds`)
  t.is(spent.accounts, 1)
  t.true(spent.total <= 3, `${spent.total}`)

  const projected = await works(t, 'privacy', 'project', '--data', capped.folder, '--rounds', '1', '--json')
  const next = JSON.parse(projected).projections.find((one: { study: string }) => one.study === study)
  t.is(next.affordable, 0, 'it left with a round still paid for')

  const ledger = await ledgerOf(capped)
  for (let restart = 0; restart < 2; restart++) {
    const stderr = await fails(t, EXIT.budgetExhausted, 'start', '--data', capped.folder, '--study', study)
    t.regex(stderr, /budget/)
  }
  t.is(await ledgerOf(capped), ledger, 'a restart wrote into the ledger')

  const { round } = await until(witness, nodes[0]!, ({ phase }) => phase === 'finished')
  t.true(round > spent.charged)
  const rounds = (await roundsOf(witness))!
  t.is(rounds.length, ROUNDS)
  t.true(rounds.every(({ outcome }) => outcome === 'result'))
  const shared = rounds.filter(({ contributors }) => contributors.includes(capped.peer))
  t.is(shared.length, spent.charged)
  t.false(rounds.at(-1)!.contributors.includes(capped.peer))
  await works(t, 'privacy', 'verify', '--data', capped.folder)
})
