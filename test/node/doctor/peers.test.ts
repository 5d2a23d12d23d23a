// Claims of node/doctor/peers.ts and network/peer-probe.ts, over real sockets: a hospital that answers is told from one that
// speaks another version, from another peer at its address, from a program that is no node, and from one that does not let
// this node in; nobody takes the node that asks for present; beside a running node nobody is asked.

import { createServer } from 'node:net'
import test, { type ExecutionContext } from 'ava'
import { sha256 } from '../../../crypto/hash.ts'
import { createSigner } from '../../../crypto/signature.ts'
import { parseConfig } from '../../../node/config/config.ts'
import type { DoctorSubject } from '../../../node/doctor/check.ts'
import { peersCheck } from '../../../node/doctor/peers.ts'
import { systemDoctorWorld } from '../../../node/doctor/world.ts'
import { EXIT } from '../../../node/errors.ts'
import type { NodeStatus } from '../../../node/http/status.ts'
import { encodeHello, PROTOCOL_VERSION, SPOKEN } from '../../../node/network/hello.ts'
import { HelloDesk } from '../../../node/network/hello-desk.ts'
import { createHost } from '../../../node/network/libp2p-host.ts'
import { openPeerProbe } from '../../../node/network/peer-probe.ts'
import { peerIdString } from '../../../node/storage/identity.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'

const STUDY = new Uint8Array(32).fill(7)
const SEEDS = Array.from({ length: 7 }, (_, at) => sha256(Buffer.from(`probed ${at}`)))
const SIGNERS = SEEDS.map(seed => createSigner(seed))
const PEERS = SIGNERS.map(({ id }) => peerIdString(id))
const SELF = 0
const CONFIG = parseConfig('site = "Here"\n', '/nowhere/config.toml')

/** A node on loopback that answers hellos. @returns its address, and what it was asked for a study of its own */
async function hospital(t: ExecutionContext, at: number, { admits = true, protocol = PROTOCOL_VERSION } = {}) {
  const greeted: unknown[] = []
  const host = await createHost(
    {
      ...{ seed: SEEDS[at]!, transport: 'tcp', listen: ['/ip4/127.0.0.1/tcp/0'] },
      ...{ announce: [], bootstrap: [], mdns: false },
    },
    { admits: () => admits },
  )
  const desk = new HelloDesk(host)
  const hello = encodeHello({ ...SPOKEN, protocol, study: STUDY, roster: 0, addresses: [], known: [] })
  desk.add(STUDY, {
    admits: () => true,
    answer: (_peer, request) => {
      greeted.push(request)
      return { hello, answered() {} }
    },
    withinMs: 5000,
  })
  await desk.start()
  await host.start()
  t.teardown(() => host.stop())
  return { greeted, address: host.addresses()[0]!.replace(/\/p2p\/.*/, '') }
}

/** A program that is no node. */
async function webServer(t: ExecutionContext): Promise<string> {
  const server = createServer(socket => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n').on('error', () => {}))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  return `/ip4/127.0.0.1/tcp/${(server.address() as { port: number }).port}`
}

/** What the check says of hospitals at these addresses. */
async function found(addresses: readonly string[], running: NodeStatus | null = null) {
  const hospitals = SIGNERS.slice(0, addresses.length + 1).map(({ id }, at) => ({
    ...{ id, name: `Hospital ${at}`, addresses: at === SELF ? [] : [addresses[at - 1]!] },
  }))
  const document = { ...testStudy(testSigners(4)), hospitals }
  let probes = 0
  const subject: DoctorSubject = {
    ...{ folder: '/nowhere', config: { value: CONFIG }, peer: { value: PEERS[SELF]! } },
    studies: { value: [{ document, study: '07'.repeat(32), founder: PEERS[SELF]!, bytes: new Uint8Array() }] },
    running: async () => running,
  }
  const world = {
    ...systemDoctorWorld,
    peerProbe: async () => {
      probes += 1
      return await openPeerProbe(SEEDS[SELF]!, CONFIG.network)
    },
  }
  return { findings: await peersCheck.run(subject, world), probes }
}

test('each hospital is told from what else may answer at its address', async t => {
  const well = await hospital(t, 1)
  const newer = await hospital(t, 2, { protocol: PROTOCOL_VERSION + 1 })
  const stranger = await hospital(t, 6)
  const shut = await hospital(t, 4, { admits: false })
  const { findings } = await found([well.address, newer.address, stranger.address, shut.address, await webServer(t)])
  t.deepEqual(
    findings.map(({ state }) => state),
    ['ok', 'warning', 'warning', 'warning', 'warning'],
  )
  const [ok, version, other, away, web] = findings.map(finding => finding.found)
  t.regex(ok!, /^Hospital 1 answers at 127\.0\.0\.1:\d+ and speaks our version, for study 0707070707/)
  t.regex(version!, new RegExp(`Hospital 2 is reached at .* speaks version ${PROTOCOL_VERSION + 1} .*it is newer`))
  t.like(findings[1], { exitCode: EXIT.incompatibleStudy })
  t.regex(other!, new RegExp(`^Another peer answers at Hospital 3's .*\\(expected ${PEERS[3]}, found ${PEERS[6]}\\)`))
  t.regex(away!, /^Hospital 4 answers at .*, but not this node/)
  t.regex(web!, /^What answers at Hospital 5's address .* is not a node: /)
  t.deepEqual(well.greeted, [null], 'the hello is for no study, so that nobody is taken for present')
})

test('all of them with another version is a fault of this node; one that only lets nobody in is none', async t => {
  const newer = await hospital(t, 1, { protocol: PROTOCOL_VERSION + 1 })
  t.like((await found([newer.address])).findings[0], { state: 'failed', exitCode: EXIT.incompatibleStudy })
  const shut = await hospital(t, 1, { admits: false })
  t.like((await found([shut.address])).findings[0], { state: 'warning' })
})

test('beside a running node that one is asked, and no hospital is', async t => {
  const well = await hospital(t, 1)
  const running = { peers: [{ peer: PEERS[1], state: 'absent', reason: 'Hospital 1: no answer in time' }] }
  const { findings, probes } = await found([well.address], running as unknown as NodeStatus)
  t.is(probes, 0)
  t.deepEqual(well.greeted, [])
  t.like(findings[0], { state: 'failed', found: 'The running node says: Hospital 1: no answer in time' })
})
