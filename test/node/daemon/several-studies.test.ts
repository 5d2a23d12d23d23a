// Claims of node/daemon/studies.ts, with real processes: studies run side by side on one node, one key, one port and one
// ledger; one that is approved meanwhile begins without a restart; a restart begins all of them again; one that is left ends,
// the others go on; what one spends counts against the cap of the hospital in the other.

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { startProcess, works } from '../../helpers/cli.ts'
import { createSites, foundStudy, roundsOf, type Site, statusOf, until } from '../../helpers/study/sites.ts'

const finished = ({ phase }: { phase: string }): boolean => phase === 'finished'

test('two studies at once, a third approved while they run, a restart, and a study that is left', async t => {
  const sites = await createSites(t)
  const [first, , , capped] = sites as [Site, Site, Site, Site]
  const config = join(capped.folder, 'config.toml')
  await writeFile(config, (await readFile(config, 'utf8')).replace(/^epsilonMax = .*$/m, 'epsilonMax = 3'))
  const studies = [
    await foundStudy(t, sites, { rounds: 'rounds = 6', epsilon: 'epsilon = 2.5' }),
    await foundStudy(t, sites, { rounds: 'rounds = 9', epsilon: 'epsilon = 2.5' }),
  ]
  const nodes = sites.map(({ folder }) => startProcess(t, folder))
  const all = async (study: string) =>
    await Promise.all(sites.slice(0, 3).map((site, at) => until(site, nodes[at]!, finished, study)))

  // both move: neither waits for the end of the other
  const moving = async (study: string) => await until(first, nodes[0]!, ({ round }) => round > 1, study)
  const early = await Promise.all(studies.map(moving))
  t.true(early.some(status => !finished(status)))

  const third = await foundStudy(t, sites.slice(0, 3), { rounds: 'rounds = 2', epsilon: 'epsilon = 1' })
  const ends = await Promise.all([...studies, third].map(all))
  for (const statuses of ends) t.is(new Set(statuses.map(({ checkpoint }) => checkpoint)).size, 1)

  // the fourth hospital's cap pays for less than both: it left one of them, and what is charged is within the cap
  const { accounts } = JSON.parse(await works(t, 'privacy', 'show', '--data', capped.folder, '--json'))
  t.is(accounts.length, 1)
  t.true(accounts[0].epsilon <= 3, `${accounts[0].epsilon}`)
  t.true(accounts[0].epsilon > 2, `${accounts[0].epsilon}`)
  await works(t, 'privacy', 'verify', '--data', capped.folder)
  const took = await Promise.all(studies.map(async study => (await roundsOf(first, study))!))
  const shared = took.map(rounds => rounds.filter(({ contributors }) => contributors.includes(capped.peer)).length)
  t.true(shared.every((count, at) => count > 0 || at > 0) && shared[0]! + shared[1]! < 15, `${shared}`)

  // a restart takes all of them up again
  for (const { child } of nodes) child.kill('SIGTERM')
  t.deepEqual(await Promise.all(nodes.map(node => node.exited)), [0, 0, 0, 0])
  const again = startProcess(t, first.folder)
  for (const study of [...studies, third]) await until(first, again, finished, study)
  await works(t, 'study', 'leave', third.slice(0, 12), '--data', first.folder)
  await until(first, again, ({ phase }) => phase === 'left', third)
  t.true(finished((await statusOf(first, studies[0]!))!))
})
