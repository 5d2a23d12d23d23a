// Claims of the command line: what a newcomer does works as written, and every mistake has its own exit code and a
// sentence with a hint. The real program is started each time.

import { chmod, readFile, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import test from 'ava'
import { EXIT } from '../../../node/errors.ts'
import { serveHttp } from '../../../node/http/http.ts'
import type { NodeStatus } from '../../../node/http/status.ts'
import { observerWords } from '../../../node/privacy/epsilon-text.ts'
import { loadIdentity } from '../../../node/storage/identity.ts'
import { sealStudy } from '../../../node/storage/study-file.ts'
import { confrere, fails, works } from '../../helpers/cli.ts'
import { appForTest, filledView } from '../../helpers/http/filled-view.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'
import { specText } from '../../helpers/study/study-spec.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

/** Data folders of n hospitals, made by the program itself. */
async function hospitals(t: ExecutionContext, count: number, ...options: string[]) {
  const root = await temporaryFolder(t)
  const folders = Array.from({ length: count }, (_, i) => join(root, `hospital-${i}`))
  await Promise.all(
    folders.map((folder, i) => works(t, 'init', '--data', folder, '--site', `Hospital ${i}`, ...options)),
  )
  const peers = await Promise.all(folders.map(async folder => (await loadIdentity(folder)).peer))
  return { root, folders, peers, spec: join(root, 'spec.toml'), study: join(root, 'spec.study') }
}

/** The same with a signed study. */
async function founded(t: ExecutionContext, ...options: string[]) {
  const site = await hospitals(t, 3, ...options)
  await writeFile(site.spec, specText(site.peers))
  await works(t, 'study', 'new', site.spec, '--out', site.study, '--data', site.folders[0]!)
  return site
}

test('init, id, study new, show and approve: what a newcomer does', async t => {
  const { root, folders, peers, spec, study } = await hospitals(t, 3)
  const [first, second] = [folders[0]!, folders[1]!]
  t.is(await works(t, 'id', '--data', first), `${peers[0]!}\n`)
  t.deepEqual(JSON.parse(await works(t, 'id', '--data', first, '--json')), {
    ...{ schemaVersion: 1, peer: peers[0], site: 'Hospital 0' },
  })
  t.is((await stat(join(first, 'identity.key'))).mode & 0o777, 0o600)

  await writeFile(spec, specText(peers))
  const made = JSON.parse(await works(t, 'study', 'new', spec, '--out', study, '--data', first, '--json'))
  t.like(made, { file: study, founder: peers[0] })
  t.true(made.epsilons.model < made.epsilons.colluding && made.epsilons.colluding <= 3 && made.epsilons.alone > 3)

  const shown = await works(t, 'study', 'show', study)
  for (const text of [made.study, ...peers, 'all other hospitals colluding', 'more records', 'Warning: ']) {
    t.true(shown.includes(text), text)
  }
  t.is((shown.match(/ epsilon [\d.]+ against/g) ?? []).length, 3)
  const { file: _, ...same } = made
  t.deepEqual(JSON.parse(await works(t, 'study', 'show', study, '--json')), same)

  const approved = JSON.parse(await works(t, 'study', 'approve', study, '--data', second, '--json'))
  t.is(approved.study, made.study)
  t.is(approved.onThesePatients, 1)
  const seenHere = await works(t, 'study', 'show', study, '--data', second)
  t.regex(
    seenHere,
    /Account {3}It is the 1st study on these patients: nothing has been charged to the account of the hospital/,
  )
  t.regex(await works(t, 'study', 'list', '--data', second), /approved {2}.*, the 1st study on these patients/)
  t.deepEqual(
    approved.epsilonsOfPatient.map(({ hospitals }: { hospitals: number }) => hospitals),
    [1, 2, 3],
  )
  t.deepEqual(await readFile(approved.file), await readFile(study))
  t.true(approved.file.startsWith(root))
  t.regex(await works(t, 'study', 'approve', study, '--data', second), /Approved: "confrere start/)
})

test('study new refuses what no machine like this can train, and the setting that it names is taken', async t => {
  const { folders, peers, spec, study } = await hospitals(t, 3)
  const shape = 'shape = [1024, 1024, 1]'
  await writeFile(spec, specText(peers, { shape, filters: 'filters = [512, 8, 8, 8, 8]' }))
  const create = ['study', 'new', spec, '--out', study, '--data', folders[0]!]
  const stderr = await fails(t, EXIT.incompatibleStudy, ...create)
  t.regex(stderr, /needs about [\d.]+ GB of memory/)
  await t.throwsAsync(stat(study), { code: 'ENOENT' })
  const filters = /model\.(filters = \[.*?\]) would fit here/.exec(stderr)?.[1]
  t.truthy(filters, stderr)
  await writeFile(spec, specText(peers, { shape, filters: filters! }))
  t.regex(await works(t, ...create), /Needs +for 334 records \(an equal share\) about [\d.]+ GB of memory/)
})

test('init twice changes nothing and is refused', async t => {
  const { folders, peers } = await hospitals(t, 1)
  t.regex(await fails(t, EXIT.config, 'init', '--data', folders[0]!, '--site', 'Other'), /exists already/)
  t.is((await loadIdentity(folders[0]!)).peer, peers[0]!)
})

test('a folder that cannot be written to is refused by init, approve and start', async t => {
  const { root, study } = await founded(t)
  const file = join(root, 'a-file')
  await writeFile(file, '')
  const below = join(file, 'folder')
  t.regex(await fails(t, EXIT.config, 'init', '--data', below, '--site', 'S'), /cannot be written to/)
  t.regex(await fails(t, EXIT.config, 'start', '--data', below), /cannot be written to/)
  t.regex(await fails(t, EXIT.config, 'start', '--data', file), /cannot be written to/)
  await fails(t, EXIT.config, 'study', 'approve', study, '--data', below)
})

test('an unknown key in config.toml is named with its file', async t => {
  const { folders } = await hospitals(t, 1)
  const config = join(folders[0]!, 'config.toml')
  await writeFile(config, (await readFile(config, 'utf8')).replace('mdns =', 'mdsn ='))
  const stderr = await fails(t, EXIT.config, 'start', '--data', folders[0]!)
  t.true(stderr.includes(`${config}: unknown key "network.mdsn"; did you mean "network.mdns"?`), stderr)
})

test('an unknown key in a study spec is named with its file', async t => {
  const { folders, peers, spec, study } = await hospitals(t, 3)
  await writeFile(spec, specText(peers, { rounds: 'runds = 20' }))
  const stderr = await fails(t, EXIT.config, 'study', 'new', spec, '--out', study, '--data', folders[0]!)
  t.true(stderr.includes(`${spec}: unknown key "runds"; did you mean "rounds"?`), stderr)
})

test('a study with one changed byte is refused by show and approve', async t => {
  const { folders, study } = await founded(t)
  const bytes = await readFile(study)
  for (const at of [0, 5, Math.floor(bytes.length / 2), bytes.length - 1]) {
    const changed = Buffer.from(bytes)
    changed[at]! ^= 1
    await writeFile(study, changed)
    t.regex(await fails(t, EXIT.verificationFailed, 'study', 'show', study), /not a study as its founder signed it/)
    await fails(t, EXIT.verificationFailed, 'study', 'approve', study, '--data', folders[1]!)
  }
})

test('a study of two hospitals is refused with the reason', async t => {
  const { folders, peers, spec, study } = await hospitals(t, 2)
  await writeFile(spec, specText(peers))
  const stderr = await fails(t, EXIT.config, 'study', 'new', spec, '--out', study, '--data', folders[0]!)
  t.regex(stderr, /at least 3 hospitals, not 2: of two, each could subtract its own update/)
})

test('a study never changes: an existing file is not overwritten', async t => {
  const { folders, spec, study } = await founded(t)
  const before = await readFile(study)
  t.regex(await fails(t, EXIT.usage, 'study', 'new', spec, '--out', study, '--data', folders[0]!), /cannot be written/)
  t.deepEqual(await readFile(study), before)
})

test('a study that may spend more than the node allows is refused with exit code 7', async t => {
  const { folders, study } = await founded(t, '--epsilon-max', '2.9')
  const stderr = await fails(t, EXIT.budgetExhausted, 'study', 'approve', study, '--data', folders[1]!)
  t.regex(stderr, /may spend epsilon 3 for one record \(one image, one row\), and this node allows 2\.9/)
})

test('a delta above the node’s own is refused by approve, and by start after it was lowered', async t => {
  const { folders, study } = await founded(t)
  await works(t, 'study', 'approve', study, '--data', folders[1]!)
  const config = join(folders[1]!, 'config.toml')
  await writeFile(config, (await readFile(config, 'utf8')).replace(/^deltaMax = .*$/m, 'deltaMax = 1e-6'))
  const message = /at delta 0\.00001, and this node allows at most 0\.000001\n {2}hint: .*privacy\.deltaMax/
  t.regex(await fails(t, EXIT.budgetExhausted, 'start', '--data', folders[1]!), message)
  t.regex(await fails(t, EXIT.budgetExhausted, 'study', 'approve', study, '--data', folders[1]!), message)
})

test('a delta above one over twice the units is neither made nor approved, unless forced', async t => {
  const { root, folders, peers, spec } = await founded(t)
  await writeFile(spec, specText(peers, { units: 'units = 1000', delta: 'delta = 6e-4' }))
  for (const folder of folders) {
    const config = join(folder, 'config.toml')
    await writeFile(config, (await readFile(config, 'utf8')).replace(/^deltaMax = .*$/m, 'deltaMax = 1e-3'))
  }
  const study = join(root, 'large-delta.study')
  const make = ['study', 'new', spec, '--out', study, '--data', folders[0]!]
  t.regex(await fails(t, EXIT.config, ...make), /above 1\/\(2 × 1000\).*\n {2}hint: Use a delta of at most 0\.00050/)
  await works(t, ...make, '--force')
  const approve = ['study', 'approve', study, '--data', folders[1]!]
  t.regex(await fails(t, EXIT.config, ...approve), /delta 0\.0006/)
  await works(t, ...approve, '--force')
})

test('a study of fewer than a hundred units is neither made nor approved, unless forced', async t => {
  const { root, folders, peers, spec } = await founded(t)
  await writeFile(spec, specText(peers, { units: 'units = 99' }))
  const study = join(root, 'few.study')
  const make = ['study', 'new', spec, '--out', study, '--data', folders[0]!]
  t.regex(
    await fails(t, EXIT.config, ...make),
    /of 99 records in all.*\n {2}hint: Plan a study of at least 100 records/,
  )
  await works(t, ...make, '--force')
  t.regex(await fails(t, EXIT.config, 'study', 'approve', study, '--data', folders[1]!), /of 99 records/)
})

test('a cap that was lowered after the approval is respected by start', async t => {
  const { folders, study } = await founded(t)
  await works(t, 'study', 'approve', study, '--data', folders[1]!)
  const config = join(folders[1]!, 'config.toml')
  await writeFile(config, (await readFile(config, 'utf8')).replace('epsilonMax = 8', 'epsilonMax = 1'))
  await fails(t, EXIT.budgetExhausted, 'start', '--data', folders[1]!)
})

test('a node outside the roster can neither found nor approve a study', async t => {
  const { root, peers, spec, study } = await founded(t)
  const stranger = join(root, 'stranger')
  await works(t, 'init', '--data', stranger, '--site', 'Stranger')
  t.regex(await fails(t, EXIT.notInRoster, 'study', 'approve', study, '--data', stranger), /not one of the hospitals/)
  await writeFile(spec, specText(peers))
  await fails(t, EXIT.notInRoster, 'study', 'new', spec, '--out', join(root, 'other'), '--data', stranger)
})

test('a study without noise is refused by show, approve and start', async t => {
  const { root, folders } = await hospitals(t, 1)
  const { signer } = await loadIdentity(folders[0]!)
  const signers = [signer, ...testSigners(2)].sort((a, b) => Buffer.compare(a.id, b.id))
  const file = join(root, 'off.study')
  await writeFile(file, sealStudy(testStudy(signers), signer))
  for (const command of [
    ['show', file],
    ['approve', file, '--data', folders[0]!],
  ]) {
    t.regex(await fails(t, EXIT.verificationFailed, 'study', ...command), /noise turned off/)
  }
  await writeFile(join(folders[0]!, 'studies', `${'0'.repeat(64)}.study`), await readFile(file))
  t.regex(await fails(t, EXIT.verificationFailed, 'start', '--data', folders[0]!), /noise turned off/)
})

test('start needs a data folder and an identity of its own, and waits for studies', async t => {
  const { root, folders } = await hospitals(t, 2)
  t.regex(await fails(t, EXIT.config, 'start', '--data', join(root, 'none')), /no data folder/)
  t.regex(await fails(t, EXIT.config, 'start', '--study', 'abcd', '--data', folders[0]!), /No study is approved/)
  await chmod(join(folders[1]!, 'identity.key'), 0o644)
  t.regex(await fails(t, EXIT.identity, 'start', '--data', folders[1]!), /may be used by others/)
  t.regex(await fails(t, EXIT.identity, 'id', '--data', root), /no identity/)
})

test('a wrong command line is a usage error', async t => {
  const folder = await temporaryFolder(t)
  const lines: string[][] = [
    ['nonsense'],
    ['init'],
    ['init', '--data', folder],
    ['init', '--data', folder, '--site', 'S', '--http-port', '70000'],
    ['init', '--data', folder, '--site', 'S', '--epsilon-max', '-1'],
    ['init', '--data', folder, '--site', 'S', '--unknown'],
    ['study', 'show'],
    ['study', 'show', join(folder, 'none.study')],
    ['start', '--data', folder, '--study', 'not-hex'],
    ['status'],
    ['status', '--url', 'not a url'],
  ]
  await Promise.all(lines.map(line => fails(t, EXIT.usage, ...line)))
  const bare = await confrere('study')
  t.is(bare.code, EXIT.usage)
  t.regex(bare.stderr, /Usage: confrere study/)
  t.regex(await works(t, 'help'), /Usage: confrere/)
  t.regex(await works(t, '--version'), /^\d+\.\d+\.\d+\n$/)
})

test('a site name with control characters, or an address that is none, is refused', async t => {
  const folder = join(await temporaryFolder(t), 'new')
  await fails(t, EXIT.config, 'init', '--data', folder, '--site', 'a\nb')
  await fails(t, EXIT.config, 'init', '--data', folder, '--site', 'S', '--listen', '0.0.0.0:7419')
  await t.throwsAsync(stat(folder))
})

const status: NodeStatus = {
  peer: '12D3KooWself',
  site: 'Here',
  version: '0.1.0',
  study: 'ab'.repeat(32),
  studyName: 'Pneumonia',
  stage: null,
  waiting: { text: 'waiting for There (all 2 are needed: 1 present)', since: '2026-03-01T12:00:00.000Z' },
  problems: [],
  phase: 'ready',
  round: 3,
  rounds: 20,
  roundKind: 'training',
  view: 0,
  peers: [{ peer: '12D3KooWother', site: 'There', state: 'absent', reason: null, reached: null }],
  contributors: [],
  population: null,
  epsilonsOfPatient: [1, 2, 3].map(hospitals => ({ hospitals, colluding: hospitals })),
  epsilon: {
    unit: 'record',
    copies: 1,
    model: 0.5,
    colluding: 0.7,
    alone: 1.1,
    delta: 1e-5,
    cap: 3,
    against: observerWords(1),
  },
  noiseMultiplier: 1.5,
  engine: 'wasm',
  checkpoint: null,
  memoryBytes: 2 ** 27,
  eventLoopLagP99Ms: 2,
  lastError: { code: 'void-round', message: 'Round 2 was void' },
  roster: { version: 0, approving: null, approvals: [] },
  strikes: [{ peer: 'a', reason: 'bad-frame', count: 2 }],
  evidence: 1,
}

test('status asks the running node', async t => {
  const { app } = appForTest({ view: filledView([], { status: () => status }) })
  const server = await serveHttp({ app, host: '127.0.0.1', port: 0 })
  t.teardown(() => server.close())
  const { folders } = await hospitals(t, 1, '--http-port', String(server.port))
  t.deepEqual(JSON.parse(await works(t, 'status', '--data', folders[0]!, '--json')), { schemaVersion: 1, ...status })
  const text = await works(t, 'status', '--url', server.url)
  for (const part of [
    'Here',
    'There',
    'absent',
    '3 of 20',
    'Pneumonia',
    '1.1',
    'Round 2 was void',
    'more records',
    'a patient known to 1 / 2 / 3 hospitals: epsilon 1 / 2 / 3 against any one',
  ]) {
    t.true(text.includes(part), part)
  }
})

test('status without a node, or with another program on its port, is exit code 9', async t => {
  const other = createServer((_, response) => response.end('hi'))
  await new Promise<void>(resolve => other.listen(0, '127.0.0.1', resolve))
  t.teardown(() => other.close())
  const { port } = other.address() as { port: number }
  const { folders } = await hospitals(t, 1, '--http-port', String(port))
  t.regex(await fails(t, EXIT.nodeUnreachable, 'status', '--data', folders[0]!), /is not a node of confrere/)
  await new Promise(resolve => {
    other.close(resolve)
    other.closeAllConnections()
  })
  t.regex(await fails(t, EXIT.nodeUnreachable, 'status', '--data', folders[0]!), /No node answers/)
})
