// Claims of docs/operating.md, with real processes: whatever keeps a study from going on is named in words by the log, /readyz,
// the page's answers and "confrere status", by its own hospital's name and without blame.

import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { cp, rename, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { type NodeProcess, startPreloaded } from '../../helpers/cli.ts'
import { requireNamed } from '../../helpers/faults/faces.ts'
import { clockOff, speaksProtocol } from '../../helpers/faults/preloads.ts'
import { createTunnelProxy } from '../../helpers/reach/tunnel-proxy.ts'
import { createSites, foundStudy, type Site, until } from '../../helpers/study/sites.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

const HOUR_MS = 3600_000
const DISK_BYTES = 12 << 20

async function otherProgram(t: ExecutionContext): Promise<number> {
  const server: Server = createServer((_, response) => response.end('hi')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => void server.close())
  return (server.address() as AddressInfo).port
}

interface Start {
  readonly nodeOptions?: string[]
  readonly settings?: string[]
  readonly options?: string[]
}

const addressOf = (port: number, { peer }: Site): string => `/ip4/127.0.0.1/tcp/${port}/p2p/${peer}`

/** Starts a node that finds others by the given addresses alone. */
function begin(t: ExecutionContext, site: Site, bootstrap: string[], start: Start = {}): NodeProcess {
  const { nodeOptions = [], settings = [], options = [] } = start
  const all = ['network.mdns=false', `network.bootstrap=${bootstrap.join(',')}`, ...settings]
  return startPreloaded(t, nodeOptions, [site.folder, ...options, ...all.flatMap(one => ['--set', one])])
}

async function end({ child, exited }: NodeProcess, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
  child.kill(signal)
  await exited
}

// it takes some minutes: the suite leaves it out, CONTRIBUTING.md says how to run it
const long = process.env['CONFRERE_LONG'] === '1' ? test : test.skip
long('every fault of a hospital or of the way to it is named in all places (with CONFRERE_LONG=1)', async t => {
  t.timeout(180_000)
  const sites = await createSites(t)
  const [here, one, two, three] = sites as [Site, Site, Site, Site]
  const study = await foundStudy(t, sites, { rounds: 'rounds = 400' })
  const other = await foundStudy(t, sites, { rounds: 'rounds = 5' }, [three])
  const home = [addressOf(here.port, here)]

  // never started; another program at the address; another hospital at the address
  const wrong = [addressOf(one.port, one), addressOf(await otherProgram(t), two), addressOf(one.port, three)]
  const watched = begin(t, here, wrong)
  await requireNamed(
    t,
    [here, watched],
    [
      /Hospital 1: [^ ]+: nothing listens there/,
      /Hospital 2: [^ ]+: what answers there is no such node/,
      /3 of 4 are needed: 1 present/,
    ],
  )

  // a clock two hours ahead, told by both; and now another peer id answers at the address of Hospital 3
  const ahead = begin(t, one, home, { nodeOptions: clockOff(2 * HOUR_MS) })
  await requireNamed(t, [here, watched], [/clock of Hospital 1 is 120 minutes ahead/], ['node', 'ready', 'log'])
  await requireNamed(t, [here, watched], [/Hospital 3: [^ ]+: another peer id answers/])
  await requireNamed(t, [one, ahead], [/clock of Hospital 0 is 120 minutes behind/], ['node', 'ready', 'log'])

  // another version of the protocol, and another study: told by both
  const newer = begin(t, two, home, { nodeOptions: speaksProtocol(9) })
  const elsewhere = begin(t, three, home, { options: ['--study', other.slice(0, 12)] })
  const version = /Hospital 2 speaks version 9 of the protocol, and this node version 3: this node needs/
  await requireNamed(t, [here, watched], [version, /Hospital 3 runs study [0-9a-f]{12}, and this node runs/])
  await requireNamed(t, [two, newer], [/Hospital 0 speaks version 3 .*: Hospital 0 needs a newer/])
  await requireNamed(t, [three, elsewhere], [/Hospital 0 runs study [0-9a-f]{12}, and this node runs/])
  await Promise.all([ahead, newer, elsewhere].map(node => end(node, 'SIGTERM')))

  // the records are gone; a proxy that refuses
  await rename(three.records, `${three.records}.aside`)
  const proxy = await createTunnelProxy(() => 403)
  t.teardown(proxy.close)
  const lacking = begin(t, three, home)
  const proxied = begin(t, two, home, {
    settings: [`network.proxy=http://127.0.0.1:${proxy.port}`, 'network.proxyExcept='],
  })
  await requireNamed(t, [three, lacking], [/cannot be read/])
  await requireNamed(t, [two, proxied], [/Hospital 0: .*the proxy .* does not let out connections/])
  await Promise.all([lacking, proxied].map(node => end(node, 'SIGTERM')))

  // killed in the middle of a round
  begin(t, one, home)
  const killed = begin(t, two, home)
  await until(here, watched, ({ round }) => round > 1, study)
  await end(killed, 'SIGKILL')
  await requireNamed(t, [here, watched], [/Hospital 2: .*nothing listens there/])

  // a disk that fills up while the study runs
  await rename(`${three.records}.aside`, three.records)
  const disk = await temporaryFolder(t)
  if (!mounted(t, disk)) return t.log('the full disk is left out: this user may mount no file system')
  const small = { ...three, folder: join(disk, 'data') }
  await cp(three.folder, small.folder, { recursive: true })
  const filled = begin(t, small, home)
  const { round } = await until(small, filled, ({ phase, round }) => phase !== 'starting' && round > 0, study)
  await until(small, filled, status => status.round > round, study)
  await writeFile(join(disk, 'filler'), new Uint8Array(DISK_BYTES)).catch(() => {})
  await requireNamed(t, [small, filled], [/disk of the data folder is full/])
})

/** Puts a small disk in a folder's place, where that is allowed. */
function mounted(t: ExecutionContext, folder: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES}`, 'none', folder], { stdio: 'ignore' })
  } catch {
    return false
  }
  t.teardown(() => void execFileSync('umount', ['-l', folder]))
  return true
}
