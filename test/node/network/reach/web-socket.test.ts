// Claims of node/network/reach: nodes meet over WebSockets, plain and behind a reverse proxy with TLS, with a path; a
// certificate that is not trusted is named as the reason; strangers on the port are cut off.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import test, { type ExecutionContext } from 'ava'
import { HANDSHAKES_PER_NETWORK_MAX } from '../../../../node/network/limits/limits.ts'
import { type Certificate, makeCertificate } from '../../../../sim/reach/certificate.ts'
import { absent, NGINX, webSite } from '../../../../sim/reach/servers.ts'
import { createReachNode, echo, type ReachNode, until, within } from '../../../helpers/reach/reach-node.ts'
import { temporaryFolder } from '../../../helpers/temporary-folder.ts'

const WEB = ['/ip4/127.0.0.1/tcp/0/ws']
const MEGABYTE = 1 << 20
const NAMES = 'DNS:localhost,IP:127.0.0.1'

function portOf(node: ReachNode): number {
  return Number(/\/tcp\/(\d+)/.exec(node.addresses()[0]!)![1])
}

async function nodes(t: ExecutionContext, certificate?: Certificate): Promise<[ReachNode, ReachNode]> {
  const reach = { ca: certificate === undefined ? [] : [certificate.ca] }
  const [server, client] = await Promise.all([createReachNode({ listen: WEB }), createReachNode({ reach })])
  t.teardown(() => Promise.all([server.stop(), client.stop()]))
  return [server, client]
}

/** TLS in front of a port of this machine. @returns the port that it listens to */
async function terminateTls(t: ExecutionContext, { cert, key }: Certificate, port: number): Promise<number> {
  const server = createTlsServer({ cert, key }, secured => {
    const plain = connect(port, '127.0.0.1')
    for (const socket of [secured, plain]) socket.on('error', () => socket.destroy())
    secured.pipe(plain).pipe(secured)
  })
  server.on('tlsClientError', () => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  return (server.address() as AddressInfo).port
}

test('two nodes meet over a WebSocket, send megabytes and part', async t => {
  const [server, client] = await nodes(t)
  t.regex(server.addresses()[0]!, /\/ws\/p2p\//)
  await client.dial(server.peer, server.addresses(), within())
  t.log(`8 MiB there and back: ${(await echo(client, server.peer, 8 * MEGABYTE)).toFixed(0)} ms`)
  await echo(server, client.peer, MEGABYTE)
  t.like(client.reach.way(server.peer), { via: 'direct' })
  t.regex(client.reach.way(server.peer)!.address, /\/ws\//)
  t.is(server.guard.strikes.weight(client.peer), 0)
  await client.hangUp(server.peer)
  await until('both know', () => !server.connected(client.peer))
  await client.dial(server.peer, server.addresses(), within())
  // a refusal resets the connection; over a WebSocket too the other side learns of it
  for (let i = 0; i < 6; i++) server.guard.strikes.add(client.peer, 'bad-frame')
  await until('the refused one is cut off', () => !client.connected(server.peer))
})

test('wss behind a reverse proxy works where its certificate is trusted, and says why where not', async t => {
  const certificate = makeCertificate(await temporaryFolder(t), NAMES)
  if (certificate === undefined) return t.pass('skipped: openssl is not installed')
  const [server, client] = await nodes(t, certificate)
  const port = await terminateTls(t, certificate, portOf(server))
  for (const address of [`/ip4/127.0.0.1/tcp/${port}/tls/ws`, `/dns4/localhost/tcp/${port}/tls/ws`]) {
    await client.dial(server.peer, [address], within())
    await echo(client, server.peer, 2 * MEGABYTE)
    await client.hangUp(server.peer)
  }
  const distrustful = await createReachNode({})
  t.teardown(() => distrustful.stop())
  const wrongName = `/dns4/127.0.0.1.example/tcp/${port}/tls/sni/localhost/ws`
  for (const [address, text] of [
    [`/dns4/localhost/tcp/${port}/tls/ws`, /authority unknown here|without its chain/],
    [wrongName, /unknown to DNS|DNS does not answer/],
  ] as const) {
    await t.throwsAsync(() => distrustful.dial(server.peer, [address], within()))
    t.regex(distrustful.reach.failures(server.peer).at(-1)!.text, text)
  }
  await t.throwsAsync(() => client.dial(server.peer, [`/ip4/127.0.0.1/tcp/${portOf(server)}/tls/ws`], within()))
  t.regex(client.reach.failures(server.peer).at(-1)!.text, /TLS|cut/)
})

const lack = absent(NGINX)
const sample = lack === undefined ? test : test.skip
const reason = lack === undefined ? '' : ` (skipped: ${lack})`

sample(`wss behind nginx, at a path of a site that has others${reason}`, async t => {
  const folder = await temporaryFolder(t)
  const certificate = makeCertificate(folder, NAMES)
  if (certificate === undefined) return t.pass('skipped: openssl is not installed')
  const [server, client] = await nodes(t, certificate)
  const port = await freePort()
  const site = { folder, certificate, listen: `127.0.0.1:${port}`, upstream: portOf(server) }
  const [program, ...args] = (await webSite(site)) as [string, ...string[]]
  const nginx = spawn(program, args, { stdio: 'ignore' })
  t.teardown(async () => {
    nginx.kill('SIGTERM')
    if (nginx.exitCode === null) await once(nginx, 'exit')
  })
  await listensAt(port)
  await client.dial(server.peer, [`/dns4/localhost/tcp/${port}/tls/ws/http-path/confrere`], within())
  await echo(client, server.peer, 2 * MEGABYTE)
  await client.hangUp(server.peer)
  await t.throwsAsync(() => client.dial(server.peer, [`/dns4/localhost/tcp/${port}/tls/ws`], within()))
  t.is(
    client.reach.failures(server.peer).at(-1)!.text,
    'the web server there answers 404 instead of opening a WebSocket',
  )
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function listensAt(port: number): Promise<void> {
  const tried = async () => {
    const socket = connect(port, '127.0.0.1')
    const isOpen = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'error').then(() => false),
    ]).catch(() => false)
    socket.destroy()
    return isOpen
  }
  for (let tries = 0; !(await tried()); tries++) {
    if (tries > 250) throw new Error('nginx does not listen')
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

test('one address cannot hold more than its share of the port’s unfinished handshakes', async t => {
  const [server] = await nodes(t)
  const open = new Set<Socket>()
  t.teardown(() => {
    for (const socket of open) socket.destroy()
  })
  for (let i = 0; i < 80; i++) {
    const socket = connect(portOf(server), '127.0.0.1')
    open.add(socket)
    socket.on('error', () => {})
    socket.once('close', () => open.delete(socket))
    // an HTTP request that never ends
    socket.once('connect', () => socket.write('GET / HTTP/1.1\r\nHost: a\r\n'))
  }
  await until('those above the limit are cut off', () => open.size === HANDSHAKES_PER_NETWORK_MAX)
  t.true(HANDSHAKES_PER_NETWORK_MAX < 80)
})
