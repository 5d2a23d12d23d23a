// Claim: while a node runs, doctor takes its ports for its own and finds nothing wrong with what it holds; a backup is
// made beside it; `stop` ends it in order.

import { join } from 'node:path'
import test from 'ava'
import { confrere, startProcess, works } from '../../helpers/cli.ts'
import { createSites, foundStudy } from '../../helpers/study/sites.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

interface Told {
  readonly check: string
  readonly state: string
  readonly found: string
}

test('a node that runs is examined, backed up and stopped', async t => {
  const sites = await createSites(t)
  await foundStudy(t, sites, {})
  const { folder, http } = sites[0]!
  const before = JSON.parse((await confrere('doctor', '--data', folder, '--json')).stdout).checks as Told[]
  t.deepEqual(
    before.filter(({ check, state }) => check !== 'peers' && state === 'failed'),
    [],
  )
  const { exited, log } = startProcess(t, folder)
  while (!log().includes('status page')) await new Promise(resolve => setTimeout(resolve, 100))
  const { checks } = JSON.parse((await confrere('doctor', '--data', folder, '--json')).stdout) as { checks: Told[] }
  const ports = checks.filter(({ check }) => check === 'ports')
  t.is(ports.length, 2)
  for (const { state, found } of ports) t.true(state === 'ok' && found.includes("this node's"), found)
  t.like(
    checks.find(({ check }) => check === 'store'),
    { state: 'ok', found: 'the node has it open' },
  )
  const file = join(await temporaryFolder(t), 'backup')
  t.regex(await works(t, 'backup', file, '--data', folder), /Ledger head: [0-9a-f]{64}/)
  t.regex(await works(t, 'peers', '--url', `http://127.0.0.1:${http}`), /self +Hospital 0/)
  t.regex(await works(t, 'stop', '--data', folder), /^Stopped the node/)
  t.is(await exited, 0)
  t.is((await confrere('stop', '--data', folder)).code, 9)
})
