// Claims of docs/running.md, "A machine is stolen", with real processes: the others rotate the key while they train; the new
// folder goes on in the hospital's place with what the old one had spent; whoever starts the stolen folder is shut out, and the
// study does not notice.

import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { freePort, type NodeProcess, startProcess, works } from '../../helpers/cli.ts'
import { createSites, foundStudy, roundsOf, type Site, statusOf, until } from '../../helpers/study/sites.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

const ROUNDS = 60

/** The folder that takes a stolen one's place, made as the document says. */
async function replacementOf(t: ExecutionContext, stolen: Site, [first]: readonly Site[]): Promise<Site> {
  const folder = join(await temporaryFolder(t), 'new')
  const [port, http] = [await freePort(), await freePort()]
  const ledger = join(stolen.folder, 'privacy', 'ledger')
  await works(
    ...([t, 'init', '--data', folder, '--site', 'Hospital 3', '--ledger', ledger, '--npz', stolen.records] as const),
    ...['--listen', `/ip4/127.0.0.1/tcp/${port}`, '--http-port', String(http)],
    ...['--bootstrap', `/ip4/127.0.0.1/tcp/${first!.port}/p2p/${first!.peer}`],
  )
  return { folder, port, http, records: stolen.records, peer: (await works(t, 'id', '--data', folder)).trim() }
}

async function chargesOf(t: ExecutionContext, { folder }: Site): Promise<{ verified: boolean; charges: number }> {
  return JSON.parse(await works(t, 'privacy', 'verify', '--data', folder, '--json'))
}

// some minutes on a busy machine: the suite leaves it out, CONTRIBUTING.md says how to run it
const long = process.env['CONFRERE_LONG'] === '1' ? test : test.skip
long('a stolen machine is shut out, and its hospital goes on with its account (with CONFRERE_LONG=1)', async t => {
  t.timeout(5 * 60_000)
  const sites = await createSites(t)
  const [witness, , , stolen] = sites as [Site, Site, Site, Site]
  const file = join(await temporaryFolder(t), 'change')
  const study = await foundStudy(t, sites, { rounds: `rounds = ${ROUNDS}` })
  const nodes: NodeProcess[] = sites.map(({ folder }) => startProcess(t, folder))
  await until(witness, nodes[0]!, ({ round }) => round > 5)

  nodes[3]!.child.kill('SIGKILL')
  await nodes[3]!.exited
  const thief = { ...stolen, folder: join(await temporaryFolder(t), 'thief') }
  await cp(stolen.folder, thief.folder, { recursive: true })
  const spent = (await chargesOf(t, stolen)).charges
  t.true(spent > 0)

  const renewed = await replacementOf(t, stolen, sites)
  const address = `/ip4/127.0.0.1/tcp/${renewed.port}`
  await works(
    ...([t, 'roster', 'rotate', stolen.peer, renewed.peer, '--name', 'Hospital 3'] as const),
    ...['--address', address, '--out', file],
  )
  for (const { folder } of sites.slice(0, 3)) await works(t, 'roster', 'approve', file, '--data', folder)
  // the study comes from another hospital, as its document
  await works(
    t,
    'study',
    'approve',
    join(witness.folder, 'studies', `${study}.study`),
    '--join',
    '--data',
    renewed.folder,
  )
  const going = startProcess(t, renewed.folder)
  await until(renewed, going, ({ round }) => round > 0)
  const contributes = async (peer: string) => (await roundsOf(witness))?.at(-1)?.contributors.includes(peer) === true
  while (!(await contributes(renewed.peer))) await new Promise(resolve => setTimeout(resolve, 200))

  // it was not there when its key was rotated, so nothing tells it: nobody talks to it
  const caught = startProcess(t, thief.folder)
  const { round: stolenAt } = await until(thief, caught, ({ round }) => round > 0)
  const ends = await Promise.all(
    [...sites.slice(0, 3), renewed].map((site, at) =>
      until(site, at === 3 ? going : nodes[at]!, ({ phase }) => phase === 'finished'),
    ),
  )
  t.is(new Set(ends.map(({ checkpoint }) => checkpoint)).size, 1)
  t.false(await contributes(stolen.peer))
  const shutOut = await statusOf(thief)
  t.is(shutOut?.round, stolenAt)
  t.true(shutOut?.peers.every(({ state }) => state !== 'connected'))
  const account = await chargesOf(t, renewed)
  t.true(account.verified)
  t.true(account.charges > spent, `${account.charges} charges, ${spent} before`)
  t.is((await statusOf(witness))?.roster.version, 1)
})
