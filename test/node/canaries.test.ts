// Claims of the door at which records are read: over a whole run of three nodes, no name, id, date or text of a header, a
// table, a sound or a list, and no name of a file or folder, gets into a log, a data folder, an answer over HTTP, a report
// or a letter, in any writing. The search for them finds what is planted.

import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { IDENTIFIERS } from '../helpers/canaries/files.ts'
import { LEAKS } from '../helpers/canaries/plants.ts'
import { canarySearch, MARK } from '../helpers/canaries/search.ts'
import { WholeRun } from '../helpers/canaries/whole-run.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { misfitsOf } from '../helpers/tree/plant.ts'

const search = canarySearch(IDENTIFIERS)

async function begun(t: ExecutionContext, plant?: string): Promise<WholeRun> {
  const run = new WholeRun(await temporaryFolder(t), plant)
  t.teardown(() => run.end())
  await run.begin()
  return run
}

test.serial('nothing of a header, a table, a sound, a list or a file name is left by a whole run', async t => {
  const run = await begun(t)
  const { sites } = run
  await Promise.all(sites.map(site => run.add(site.name, site)))
  await Promise.all([
    run.add('tables', run.site('header')),
    run.add('texts', run.site('list')),
    run.add('sounds', run.site('names')),
  ])
  await run.found(8)
  run.startAll()
  await run.until(({ round }) => round >= 3)
  await run.fetchAll()
  const withHeaders = run.site('header')
  await run.withdraw(withHeaders, [IDENTIFIERS[0]!, IDENTIFIERS[5]!, `${MARK}NOBODY`])
  await run.stopAll()
  // records are read anew, and one file fits no more
  await run.damage('header', 4)
  await run.failsToStart(withHeaders, 'gone')
  await run.failsToStart(run.site('list'), 'list')
  run.startAll()
  await run.until(({ phase }) => phase === 'finished')
  await run.fetchAll()
  for (const { folder } of sites) {
    const data = ['--data', folder]
    await run.command(['status', ...data])
    await run.command(['privacy', 'show', ...data])
    await run.command(['privacy', 'verify', ...data])
    await run.command(['evidence', 'list', ...data])
  }
  const own = ['--data', withHeaders.folder]
  await run.command(['evaluate', '--npz', run.data('header').path, ...own], { texts: [run.data('header').path] })
  const small = ['--canaries', '50', '--shadows', '2', '--rounds-max', '2']
  await run.command(['audit', ...own, ...small, '--out', join(run.path('letters'), 'audit.html')])
  await run.command(['data', 'list', ...own], { texts: [run.data('header').path, run.data('tables').path] })
  await run.stopAll()
  const haystacks = await run.haystacks('letters')
  for (const part of ['logs/header.log', '/v1/rounds of', 'audit.html', 'letter-3.html', '.jsonl', 'store', 'ledger']) {
    t.true(
      haystacks.some(({ name }) => name.includes(part)),
      part,
    )
  }
  t.deepEqual(search(haystacks), [])
})

for (const { name } of LEAKS) {
  test.serial(`it is found when planted: ${name}`, async t => {
    t.deepEqual(misfitsOf(LEAKS), [])
    const run = await begun(t, name)
    const site = run.site('header')
    await run.readInto('header', site)
    if (!name.endsWith('cache')) {
      await run.found(1, [site])
      // records are read anew
      await run.damage('header', 4)
      await run.readsRecords(site)
    }
    const found = search(await run.haystacks())
    t.true(
      found.every(line => line.startsWith(name.endsWith('cache') ? 'node-header/records/' : 'logs/header.log')),
      found.join('\n'),
    )
    t.not(found.length, 0)
  })
}
