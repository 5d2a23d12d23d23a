// Claims of node/doctor: without a data folder only the machine is checked; a sound folder has no failure; each thing
// that is wrong is found, by its check, with a remedy that mends it; one absent hospital is a warning, all of them a
// failure; the exit code is that of the first failure.

import { chmod, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { examine, exitCodeOf, type NamedFinding } from '../../../node/doctor/examine.ts'
import { DOCTOR_CHECKS } from '../../../node/doctor/list.ts'
import type { DoctorWorld } from '../../../node/doctor/world.ts'
import { EXIT } from '../../../node/errors.ts'
import { ledgerPath } from '../../../node/privacy/ledger-file.ts'
import { confrere, works } from '../../helpers/cli.ts'
import { specText } from '../../helpers/study/study-spec.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

const NOW = Date.parse('2026-01-01T00:00:00Z')

const systemError = (code: string) => Object.assign(new Error(code), { code })

/** A world in which all goes well, but for what a test changes. */
function world(changes: Partial<DoctorWorld> = {}): DoctorWorld {
  return {
    nodeVersion: '22.20.0',
    now: () => NOW,
    resolve: async () => {},
    connect: async () => {},
    listen: async () => {},
    multicast: async () => {},
    dateOf: async () => null,
    status: async () => {
      throw systemError('ECONNREFUSED')
    },
    peerProbe: async () => null,
    ...changes,
  }
}

async function newFolder(t: ExecutionContext): Promise<string> {
  const folder = join(await temporaryFolder(t), 'data')
  await works(t, 'init', '--data', folder, '--site', 'Here')
  return folder
}

/** A folder with an approved study of four hospitals with addresses. */
async function studyFolder(t: ExecutionContext): Promise<{ folder: string; peers: string[] }> {
  const root = await temporaryFolder(t)
  const folders = ['a', 'b', 'c', 'd'].map(name => join(root, name))
  const peers: string[] = []
  for (const folder of folders) {
    await works(t, 'init', '--data', folder, '--site', 'Here')
    peers.push((await works(t, 'id', '--data', folder)).trim())
  }
  const [spec, study] = [join(root, 'spec.toml'), join(root, 'x.study')]
  const addresses = (text: string) =>
    text.replace(/^peer = .*$/gm, line => `${line}\naddresses = ["/dns4/peer.example/tcp/7419"]`)
  await writeFile(spec, addresses(specText(peers)))
  await works(t, 'study', 'new', spec, '--out', study, '--data', folders[0]!)
  await works(t, 'study', 'approve', study, '--data', folders[0]!)
  return { folder: folders[0]!, peers }
}

const of = (findings: readonly NamedFinding[], check: string) => findings.filter(finding => finding.check === check)
const without = (...names: string[]) => DOCTOR_CHECKS.filter(({ name }) => !names.includes(name))

test('without a data folder only the machine is checked', async t => {
  const findings = await examine(null, { which: 'all', world: world() })
  t.deepEqual(
    findings.filter(({ state }) => state !== 'not-checked').map(({ check, state }) => [check, state]),
    [['node', 'ok']],
  )
  t.is(exitCodeOf(findings), EXIT.ok)
  t.deepEqual(
    findings.map(({ check }) => check),
    DOCTOR_CHECKS.map(({ name }) => name),
  )
})

test('a sound new folder has no failure', async t => {
  const findings = await examine(await newFolder(t), { which: 'all', world: world(), checks: without('engine') })
  t.deepEqual(
    findings.filter(({ state }) => state === 'failed' || state === 'warning'),
    [],
  )
})

test('what is wrong is found by its check, and the remedy mends it', async t => {
  const folder = await newFolder(t)
  const found = async (check: string, changes: Partial<DoctorWorld> = {}) =>
    of(await examine(folder, { which: 'all', world: world(changes), checks: without('engine') }), check)

  t.like((await found('node', { nodeVersion: '20.19.0' }))[0], { state: 'failed', exitCode: EXIT.config })
  t.like((await found('node', { nodeVersion: '22.11.9' }))[0], { state: 'failed' })
  t.like((await found('node', { nodeVersion: '23.0.0' }))[0], { state: 'ok' })

  await chmod(join(folder, 'identity.key'), 0o644)
  const [exposed] = await found('identity')
  t.like(exposed, {
    state: 'failed',
    exitCode: EXIT.identity,
    remedy: `Run: chmod 600 ${join(folder, 'identity.key')}`,
  })
  await chmod(join(folder, 'identity.key'), 0o600)
  t.like((await found('identity'))[0], { state: 'ok' })

  await chmod(folder, 0o777)
  t.like((await found('folder'))[1], { state: 'failed', remedy: `Run: chmod 700 ${folder}` })
  await chmod(folder, 0o700)
  t.is((await found('folder')).length, 1)

  const [port] = await found('ports', { listen: () => Promise.reject(systemError('EADDRINUSE')) })
  t.like(port, { state: 'failed', exitCode: EXIT.cannotListen })
  t.regex((port as { remedy: string }).remedy, /another port in http\.port/)

  const [multicast] = await found('multicast', { multicast: () => Promise.reject(systemError('EPERM')) })
  t.like(multicast, { state: 'warning' })

  await writeFile(ledgerPath(folder), 'nonsense\n')
  t.like((await found('ledger'))[0], { state: 'failed', exitCode: EXIT.verificationFailed })
  await rm(ledgerPath(folder))
  t.regex((await found('ledger'))[0]!.found, /There is no privacy ledger/)
  await writeFile(ledgerPath(folder), '')
  t.like((await found('ledger'))[0], { state: 'ok' })

  await writeFile(join(folder, 'config.toml'), 'sit = "A"\n')
  const [config] = await found('config')
  t.like(config, { state: 'failed', exitCode: EXIT.config })
  t.regex(config!.found, /did you mean "site"/)
})

test("a port that our own node has is no failure; another's node on it is", async t => {
  const folder = await newFolder(t)
  const peer = (await works(t, 'id', '--data', folder)).trim()
  const taken = () => Promise.reject(systemError('EADDRINUSE'))
  for (const [answering, state] of [
    [peer, 'ok'],
    ['another', 'failed'],
  ] as const) {
    const answer = world({ listen: taken, status: async () => ({ peer: answering, peers: [] }) })
    const findings = of(await examine(folder, { which: 'cheap', world: answer }), 'ports')
    t.is(findings.length, 2)
    for (const finding of findings) t.is(finding.state, state)
  }
})

test('one absent hospital is a warning, all of them a failure; a name without address is said as such', async t => {
  const { folder, peers } = await studyFolder(t)
  const checks = DOCTOR_CHECKS.filter(({ name }) => name === 'peers')
  const found = (changes: Partial<DoctorWorld>) => examine(folder, { which: 'all', world: world(changes), checks })
  t.deepEqual(
    (await found({})).map(({ state }) => state),
    ['ok', 'ok', 'ok'],
  )
  const lost = await found({ resolve: () => Promise.reject(systemError('ENOTFOUND')) })
  t.deepEqual(
    lost.map(({ state }) => state),
    ['failed', 'failed', 'failed'],
  )
  t.is(exitCodeOf(lost), EXIT.nodeUnreachable)
  t.regex(lost[0]!.found, /peer\.example:7419: its name has no address/)
  let dials = 0
  const one = await found({
    connect: async () => {
      dials += 1
      if (dials === 1) throw systemError('ECONNREFUSED')
    },
  })
  t.deepEqual(one.map(({ state }) => state).sort(), ['ok', 'ok', 'warning'])
  t.is(exitCodeOf(one), EXIT.ok)
  const states = peers.map((peer, at) => ({ peer, state: at === 0 ? 'self' : 'connected' }))
  const running = await found({
    status: async () => ({ peer: peers[0], peers: states }),
    connect: () => Promise.reject(systemError('ECONNREFUSED')),
  })
  t.true(running.every(({ found: text }) => text.endsWith('is connected')))
})

test('the clock is compared with servers that the config names, and with none else', async t => {
  const folder = await newFolder(t)
  const asked: string[] = []
  const checks = DOCTOR_CHECKS.filter(({ name }) => name === 'clock')
  const found = async (ms: number) => {
    const dateOf = async (url: string) => {
      asked.push(url)
      return new Date(NOW + ms).toUTCString()
    }
    return (await examine(folder, { which: 'all', world: world({ dateOf }), checks }))[0]!
  }
  t.is((await found(0)).state, 'not-checked')
  t.deepEqual(asked, [])
  const pacs = '\n[datasets.chest]\ndicomweb = "http://pacs.example/dicom-web"\n'
  await writeFile(join(folder, 'config.toml'), `site = "Here"\n${pacs}`)
  t.is((await found(30_000)).state, 'ok')
  const behind = await found(300_000)
  t.like(behind, { state: 'failed', found: "The clock is 300 s behind a server's" })
  t.regex((await found(-300_000)).found, /ahead of/)
  t.deepEqual([...new Set(asked)], ['http://pacs.example/dicom-web'])
})

test('studies without records, and needs that the machine has, are told', async t => {
  const { folder } = await studyFolder(t)
  const checks = DOCTOR_CHECKS.filter(({ name }) => ['studies', 'records', 'machine', 'store'].includes(name))
  const findings = await examine(folder, { which: 'all', world: world(), checks })
  t.deepEqual(
    findings.map(({ check, state }) => [check, state]),
    [
      ['store', 'ok'],
      ['studies', 'ok'],
      ['records', 'failed'],
      ['machine', 'ok'],
    ],
  )
  t.is(exitCodeOf(findings), EXIT.config)
})

test('doctor --json is one object wherever it is called, and exits with the first failure', async t => {
  const root = await temporaryFolder(t)
  const machine = await confrere('doctor', '--json')
  t.is(machine.code, 0)
  t.like(JSON.parse(machine.stdout), { schemaVersion: 1, ok: true })
  const nowhere = await confrere('doctor', '--data', join(root, 'nowhere'), '--json')
  const { ok, checks } = JSON.parse(nowhere.stdout)
  t.is(nowhere.code, EXIT.config)
  t.false(ok)
  for (const { state, remedy } of checks) t.is(remedy === null, state === 'ok' || state === 'not-checked')
  const text = await confrere('doctor', '--data', join(root, 'nowhere'))
  t.regex(text.stdout, /failed +folder +There is no data folder .*\n {2}remedy: Create it with "confrere init"/)
})
