// Claims of node/network/reach: connections go out through an HTTP proxy where there is one, TCP and WebSockets alike; each
// way in which a proxy fails is one sentence; credentials appear nowhere.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { inspect } from 'node:util'
import test from 'ava'
import { parseExceptions, parseProxy } from '../../../../node/config/proxy-setting.ts'
import { openTunnel } from '../../../../node/network/reach/proxy.ts'
import { absent, strictProxy, TINYPROXY } from '../../../../sim/reach/servers.ts'
import { createReachNode, echo, type ReachNode, within } from '../../../helpers/reach/reach-node.ts'
import { createOddProxy, createTunnelProxy, type TunnelProxy } from '../../../helpers/reach/tunnel-proxy.ts'
import { temporaryFolder } from '../../../helpers/temporary-folder.ts'

const MEGABYTE = 1 << 20
const PASSWORD = 'pa:ss@word'
const LOGIN = `site:${encodeURIComponent(PASSWORD)}@`
const AUTHORIZATION = `Basic ${Buffer.from(`site:${PASSWORD}`).toString('base64')}`

interface Teardown {
  teardown(end: () => unknown): void
}

async function node(t: Teardown, choices: Parameters<typeof createReachNode>[0]): Promise<ReachNode> {
  const made = await createReachNode(choices)
  t.teardown(() => made.stop())
  return made
}

function assertNoSecret(t: { false(value: boolean, message: string): void }, shown: unknown): void {
  const text = inspect(shown, { depth: 20 })
  for (const secret of [PASSWORD, encodeURIComponent(PASSWORD), AUTHORIZATION.slice(6)]) {
    t.false(text.includes(secret), 'a credential is shown')
  }
}

test('TCP and WebSockets go through the proxy with its credentials', async t => {
  const proxy = await createTunnelProxy((_, authorization) => (authorization === AUTHORIZATION ? 200 : 407))
  t.teardown(() => proxy.close())
  const listen = ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws']
  const server = await node(t, { listen })
  for (const address of server.addresses()) {
    const client = await node(t, { reach: { proxy: `http://${LOGIN}127.0.0.1:${proxy.port}` } })
    await client.dial(server.peer, [address], within())
    await echo(client, server.peer, 2 * MEGABYTE)
    t.like(client.reach.way(server.peer), { via: 'proxy', proxy: `http://127.0.0.1:${proxy.port}` })
    t.like(server.reach.way(client.peer), { via: 'direct' })
    assertNoSecret(t, [client.reach.way(server.peer), client.addresses(), client.reach.failures(server.peer)])
  }
  t.is(proxy.asked.length, 2)
})

test('the proxy resolves names, and is not used where the settings except an address', async t => {
  const proxy = await createTunnelProxy(() => 502)
  t.teardown(() => proxy.close())
  const server = await node(t, { listen: ['/ip4/127.0.0.1/tcp/0'] })
  const reach = { proxy: `http://127.0.0.1:${proxy.port}`, proxyExcept: ['127.0.0.0/8'] }
  const client = await node(t, { reach })
  await t.throwsAsync(() => client.dial(server.peer, ['/dns4/hospital.invalid/tcp/7419'], within()))
  t.deepEqual(proxy.asked, ['hospital.invalid:7419'])
  await client.dial(server.peer, server.addresses(), within())
  t.like(client.reach.way(server.peer), { via: 'direct' })
  t.is(proxy.asked.length, 1)
})

async function failing(proxy: TunnelProxy, login = LOGIN, signal = within(3000)): Promise<Error> {
  const parsed = parseProxy(`http://${login}127.0.0.1:${proxy.port}`)
  const error = await openTunnel(parsed, { host: 'hospital.example', port: 7419 }, signal).then(
    () => new Error('it went through'),
    (reason: Error) => reason,
  )
  proxy.close()
  return error
}

for (const [status, login, words] of [
  [407, '', 'asks for a login (407): put user and password into network.proxy'],
  [407, LOGIN, 'does not accept the user and password of network.proxy (407)'],
  [403, '', 'does not let out connections to hospital.example:7419 (403): its administrator must allow that'],
  [502, '', 'cannot connect to hospital.example:7419 (502)'],
  [418, '', 'refuses to connect to hospital.example:7419 (418)'],
] as const) {
  test(`a proxy that answers ${status}${login === '' ? '' : ' to a login'} is one sentence`, async t => {
    const error = await failing(await createTunnelProxy(() => status), login)
    t.regex(error.message, /^the proxy http:\/\/127\.0\.0\.1:\d+ /)
    t.true(error.message.endsWith(words), error.message)
    assertNoSecret(t, error)
  })
}

test('a proxy that is none, hangs up, hangs, floods or is not there is one sentence each', async t => {
  for (const [talk, words] of [
    ['SSH-2.0-OpenSSH_9.2\r\n', /does not speak HTTP$/],
    [`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`, /does not speak HTTP$/],
    ['', /cut the connection before it answered$/],
  ] as const) {
    const odd = await createOddProxy(socket => socket.once('data', () => socket.end(talk)))
    const error = await failing(odd)
    t.regex(error.message, words)
    assertNoSecret(t, error)
  }
  const gone = await createOddProxy(() => {})
  gone.close()
  t.regex((await failing(gone)).message, /is not there \(connection refused\)$/)
  const hanging = await createOddProxy(() => {})
  const aborted = new AbortController()
  const waiting = failing(hanging, '', aborted.signal)
  aborted.abort()
  t.is((await waiting).name, 'AbortError')
})

test('what a proxy said is remembered for each address, without credentials', async t => {
  const proxy = await createTunnelProxy(target => (target.endsWith(':443') ? 502 : 403))
  t.teardown(() => proxy.close())
  const server = await node(t, { listen: ['/ip4/127.0.0.1/tcp/0'] })
  const client = await node(t, { reach: { proxy: `http://${LOGIN}127.0.0.1:${proxy.port}` } })
  const addresses = ['/ip4/192.0.2.7/tcp/7419', '/dns4/b.example/tcp/443/tls/ws']
  await t.throwsAsync(() => client.dial(server.peer, addresses, within()))
  const failures = client.reach.failures(server.peer)
  t.deepEqual(failures.map(({ address }) => address).sort(), [...addresses].sort())
  const textOf = (address: string) => failures.find(failure => failure.address === address)!.text
  t.regex(textOf(addresses[0]!), /does not let out connections to 192\.0\.2\.7:7419 \(403\)/)
  t.regex(textOf(addresses[1]!), /cannot connect to b\.example:443 \(502\)/)
  assertNoSecret(t, failures)
})

test('a proxy’s address is read, and a bad one refused without being repeated', t => {
  t.like(parseProxy('http://proxy.example:3128'), { host: 'proxy.example', port: 3128 })
  t.like(parseProxy('http://[2001:db8::1]:3128'), { host: '2001:db8::1', label: 'http://[2001:db8::1]:3128' })
  t.is(parseProxy(`http://${LOGIN}proxy.example`).authorization, AUTHORIZATION)
  t.is(parseProxy(`http://${LOGIN}proxy.example`).label, 'http://proxy.example:80')
  for (const bad of ['', 'proxy', `https://${LOGIN}p`, `socks5://${LOGIN}p`, `http://${LOGIN}p/x`, 'http://a:%zz@p']) {
    const error = t.throws(() => parseProxy(bad), { name: 'SettingError' })
    assertNoSecret(t, error)
  }
})

test('exceptions are names, domains, addresses and ranges', t => {
  const excepted = parseExceptions(['a.example', '.hospital.example', '192.0.2.7', '10.0.0.0/8', 'fd00::/8'])
  for (const host of [
    'a.example',
    'A.Example',
    'hospital.example',
    'x.hospital.example',
    '192.0.2.7',
    '10.1.2.3',
    'fd00::1',
  ])
    t.true(excepted(host), host)
  for (const host of [
    'b.a.example',
    'a.example.org',
    'nohospital.example',
    '192.0.2.8',
    '11.0.0.1',
    '::1',
    '10.example',
  ])
    t.false(excepted(host), host)
  for (const bad of ['', '10.0.0.0/33', 'a.example/8', '*.example', '10.0.0.0/8/8', 'a b'])
    t.throws(() => parseExceptions([bad]), { name: 'SettingError' }, bad)
})

const lack = absent(TINYPROXY)
const sample = lack === undefined ? test : test.skip
const reason = lack === undefined ? '' : ` (skipped: ${lack})`

sample(`tinyproxy that lets out only 443 carries what goes to 443, and says so of the rest${reason}`, async t => {
  const server = await node(t, { listen: ['/ip4/127.0.0.1/tcp/443/ws', '/ip4/127.0.0.1/tcp/0'] }).catch(() => undefined)
  if (server === undefined) return t.pass('skipped: port 443 is taken or needs more rights')
  const folder = await temporaryFolder(t)
  const held = await createOddProxy(() => {})
  held.close()
  const [program, ...args] = (await strictProxy(folder, { port: held.port, allow: '127.0.0.1' })) as [
    string,
    ...string[],
  ]
  const tinyproxy = spawn(program, args, { stdio: 'ignore' })
  t.teardown(async () => {
    tinyproxy.kill('SIGTERM')
    if (tinyproxy.exitCode === null) await once(tinyproxy, 'exit')
  })
  for (let tries = 0; !(await listens(held.port)); tries++)
    if (tries > 250) throw new Error('tinyproxy does not listen')
  const client = await node(t, { reach: { proxy: `http://127.0.0.1:${held.port}` } })
  const other = server.addresses().find(address => !address.includes('/tcp/443/'))!
  await t.throwsAsync(() => client.dial(server.peer, [other], within()))
  t.regex(client.reach.failures(server.peer).at(-1)!.text, /does not let out connections to 127\.0\.0\.1:\d+ \(403\)/)
  await client.dial(server.peer, ['/ip4/127.0.0.1/tcp/443/ws'], within())
  await echo(client, server.peer, 2 * MEGABYTE)
  t.like(client.reach.way(server.peer), { via: 'proxy' })
})

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  const isOpen = await once(socket, 'connect').then(
    () => true,
    () => false,
  )
  socket.destroy()
  if (!isOpen) await new Promise(resolve => setTimeout(resolve, 20))
  return isOpen
}
