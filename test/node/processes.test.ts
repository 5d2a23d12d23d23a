// Claims that only real processes on real sockets and disks can show: hospitals find each other and train, survive a
// SIGKILL, and every mistake at the start has its exit code and leaves nothing behind.

import { readdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { EXIT } from '../../crypto/errors.ts'
import type { NodeStatus, RoundRecord } from '../../node/status.ts'
import { encodeNpz } from '../../sim/demo/npy.ts'
import { drawPhantoms } from '../../sim/demo/phantom.ts'
import { fails, freePort, type NodeProcess, startProcess, works } from '../helpers/cli.ts'
import { specText } from '../helpers/study-spec.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

const HOSPITALS = 4
const RECORDS = 60

interface Site {
  readonly folder: string
  readonly peer: string
  readonly port: number
  readonly http: number
}

async function writeRecords(file: string, label: string): Promise<void> {
  const { values, labels } = drawPhantoms({ count: RECORDS, label })
  const arrays = {
    train_images: { values, shape: [RECORDS, 28, 28] },
    train_labels: { values: labels, shape: [RECORDS, 1] },
  }
  await writeFile(file, encodeNpz(arrays))
}

/** Four data folders with records and an approved study, not yet started. */
async function createSites(t: ExecutionContext, rounds: number, changes: Record<string, string> = {}): Promise<Site[]> {
  const root = await temporaryFolder(t)
  const sites: Site[] = []
  for (let i = 0; i < HOSPITALS; i++) {
    const folder = join(root, `hospital-${i}`)
    const npz = join(root, `records-${i}.npz`)
    await writeRecords(npz, `hospital ${i}`)
    const [port, http] = [await freePort(), await freePort()]
    const listen = `/ip4/127.0.0.1/tcp/${port}`
    const first = sites[0]
    const bootstrap = first ? ['--bootstrap', `/ip4/127.0.0.1/tcp/${first.port}/p2p/${first.peer}`] : []
    const options = ['--npz', npz, '--listen', listen, '--http-port', String(http), ...bootstrap]
    await works(t, 'init', '--data', folder, '--site', `Hospital ${i}`, ...options)
    sites.push({ folder, port, http, peer: (await works(t, 'id', '--data', folder)).trim() })
  }
  const spec = join(root, 'spec.toml')
  const text = specText(
    sites.map(site => site.peer),
    {
      rounds: `rounds = ${rounds}`,
      shape: 'shape = [28, 28, 1]',
      records: `records = ${RECORDS * HOSPITALS}`,
      ...changes,
    },
  )
  await writeFile(spec, text)
  const study = join(root, 'spec.study')
  const [founder] = sites as [Site]
  await works(t, 'study', 'new', spec, '--out', study, '--data', founder.folder)
  for (const { folder } of sites) await works(t, 'study', 'approve', study, '--data', folder)
  return sites
}

async function fetchJson<T>({ http }: Site, path: string): Promise<T | undefined> {
  try {
    return (await (await fetch(`http://127.0.0.1:${http}${path}`)).json()) as T
  } catch {
    return undefined
  }
}

const statusOf = (site: Site) => fetchJson<NodeStatus>(site, '/v1/status')
const roundsOf = (site: Site) => fetchJson<RoundRecord[]>(site, '/v1/rounds')

/** Asks a site again and again until it says so; a node that died ends the wait. */
async function until(
  site: Site,
  process: NodeProcess,
  condition: (status: NodeStatus) => boolean,
): Promise<NodeStatus> {
  for (;;) {
    const status = await statusOf(site)
    if (status !== undefined && condition(status)) return status
    if (process.child.exitCode !== null) throw new Error(`the node ended: ${process.log()}`)
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

test.serial('four processes train a study; one is killed in the middle, returns and contributes again', async t => {
  const sites = await createSites(t, 30)
  const nodes = sites.map(site => startProcess(t, site.folder))
  const [witness, , victim] = sites as [Site, Site, Site]
  await until(witness, nodes[0]!, status => status.round > 4)
  nodes[2]!.child.kill('SIGKILL')
  await nodes[2]!.exited
  const killed = (await statusOf(witness))!.round
  await until(witness, nodes[0]!, status => status.round > killed + 2)
  nodes[2] = startProcess(t, victim.folder)
  const final = await Promise.all(sites.map((site, i) => until(site, nodes[i]!, ({ phase }) => phase === 'finished')))
  t.is(new Set(final.map(status => status.checkpoint)).size, 1)
  const rounds = (await roundsOf(witness))!
  t.is(rounds.length, 30)
  t.true(rounds.every(({ outcome }) => outcome === 'result'))
  t.true(rounds.some(({ round, contributors }) => round > killed && !contributors.includes(victim.peer)))
  t.true(rounds.slice(-3).some(({ contributors }) => contributors.includes(victim.peer)))
  for (const { epsilon } of final) {
    t.true(epsilon!.colluding <= epsilon!.cap)
    t.true(epsilon!.model < epsilon!.colluding && epsilon!.colluding < epsilon!.alone)
  }
  // round secrets are gone with their rounds
  const studies = await readdir(join(witness.folder, 'studies'), { withFileTypes: true })
  const study = studies.find(entry => entry.isDirectory())!
  t.deepEqual(await readdir(join(witness.folder, 'studies', study.name, 'rounds')), [])
  for (const node of nodes) node.child.kill('SIGTERM')
  t.deepEqual(await Promise.all(nodes.map(node => node.exited)), [0, 0, 0, 0])
  for (const node of nodes) t.notRegex(node.log(), /"level":"(error|fatal)"/)
})

test.serial(
  'four processes normalise by one noised sum and take local steps with local noise; all of it is charged',
  async t => {
    const sites = await createSites(t, 3, {
      clippingNorm: 'clippingNorm = 1\nnoise = "local"\nlocalSteps = 2',
      learningRate: 'learningRate = 0.5\n[normalisation]\nshare = 0.3',
    })
    const nodes = sites.map(site => startProcess(t, site.folder))
    const final = await Promise.all(sites.map((site, i) => until(site, nodes[i]!, ({ phase }) => phase === 'finished')))
    t.is(new Set(final.map(status => status.checkpoint)).size, 1)
    const rounds = (await roundsOf(sites[0]!))!
    t.deepEqual(
      rounds.map(({ round }) => round),
      [0, 1, 2, 3],
    )
    for (const node of nodes) node.child.kill('SIGTERM')
    t.deepEqual(await Promise.all(nodes.map(node => node.exited)), [0, 0, 0, 0])
    for (const { folder } of sites) {
      t.like(JSON.parse(await works(t, 'privacy', 'verify', '--data', folder, '--json')), {
        verified: true,
        charges: 4,
      })
      const { accounts } = JSON.parse(await works(t, 'privacy', 'show', '--data', folder, '--json'))
      const [study] = accounts[0].studies
      t.like(study, { charged: 3, rounds: 3, statistics: true, cap: 3 })
      // everything was planned for: the statistics, and two steps in each of three rounds
      t.true(study.colluding <= 3 && study.colluding > 2.9, `${study.colluding}`)
    }
  },
)

test.serial('every mistake at the start ends in its exit code and one sentence', async t => {
  const [site, other] = (await createSites(t, 5)) as [Site, Site]
  const start = (folder: string) => ['start', '--data', folder]
  const running = startProcess(t, site.folder)
  await until(site, running, () => true)

  t.regex(await fails(t, EXIT.config, ...start(site.folder)), /in use|Another node/)

  const config = join(other.folder, 'config.toml')
  const text = await readFile(config, 'utf8')
  const changed = async (from: string | RegExp, to: string) => await writeFile(config, text.replace(from, to))

  await changed(`tcp/${other.port}`, `tcp/${site.port}`)
  t.regex(await fails(t, EXIT.cannotListen, ...start(other.folder)), /address is in use/)

  const blocker = createServer().listen(0, '127.0.0.1')
  t.teardown(() => blocker.close())
  await new Promise(resolve => blocker.once('listening', resolve))
  await changed(`port = ${other.http}`, `port = ${(blocker.address() as { port: number }).port}`)
  t.regex(await fails(t, EXIT.cannotListen, ...start(other.folder)), /Port \d+ .* in use/)

  await changed(/^npz = .*$/m, `npz = "${join(other.folder, 'config.toml')}"`)
  t.regex(await fails(t, EXIT.dataUnreadable, ...start(other.folder)), /not a whole \.npz|npz/)

  await changed('[network]', '[network]\nbandwith = 3')
  t.regex(await fails(t, EXIT.config, ...start(other.folder)), /bandwith/)

  await changed(/^epsilonMax = .*$/m, 'epsilonMax = 0.5')
  t.regex(await fails(t, EXIT.budgetExhausted, ...start(other.folder)), /epsilon/)

  await writeFile(config, text)
  const names = await readdir(join(other.folder, 'studies'))
  const file = join(other.folder, 'studies', names.find(name => name.endsWith('.study'))!)
  const bytes = await readFile(file)
  bytes[100] = bytes[100]! ^ 1
  await writeFile(file, bytes)
  await fails(t, EXIT.verificationFailed, ...start(other.folder))
  running.child.kill('SIGTERM')
  t.is(await running.exited, EXIT.ok)
})
