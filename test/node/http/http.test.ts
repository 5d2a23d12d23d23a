// Claims of node/http/http.ts: read-only, for loopback names alone, and nothing for another page to read.

import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import test from 'ava'
import { EXIT, OperatorError } from '../../../node/errors.ts'
import { isLoopbackHost } from '../../../node/http/hosts.ts'
import { createHttpApp, type HttpSources, serveHttp } from '../../../node/http/http.ts'
import type { NodeStatus } from '../../../node/http/status.ts'
import { UNIT_NOTE } from '../../../node/privacy/epsilon-text.ts'
import type { PrivacyReport } from '../../../node/privacy/report.ts'
import type { RoundRecord } from '../../../node/storage/round-record.ts'

const status = { peer: '12D3KooW', site: 'S', peers: [], round: 2 } as unknown as NodeStatus
const rounds = [0, 1, 2].map(round => ({ round, outcome: 'result' })) as unknown as RoundRecord[]
const privacy: PrivacyReport = { accounts: [], note: UNIT_NOTE }
const sources: HttpSources = {
  status: () => status,
  rounds: () => rounds,
  privacy: () => privacy,
  ready: () => ({ ready: true, reasons: [] }),
  live: () => true,
}
const HOST = { host: 'localhost:7420' }
const get = (path: string, changes: Partial<HttpSources> = {}, init: RequestInit = {}) =>
  createHttpApp({ ...sources, ...changes }).request(path, { headers: HOST, ...init })

test('live and ready answer 200, and 503 with the reasons', async t => {
  t.is((await get('/livez')).status, 200)
  t.is((await get('/livez', { live: () => false })).status, 503)
  t.is((await get('/readyz')).status, 200)
  const waiting = await get('/readyz', { ready: () => ({ ready: false, reasons: ['2 of 3 peers are absent'] }) })
  t.is(waiting.status, 503)
  t.deepEqual(await waiting.json(), { ready: false, reasons: ['2 of 3 peers are absent'] })
})

test('status and rounds are served as JSON', async t => {
  const response = await get('/v1/status')
  t.regex(response.headers.get('content-type') ?? '', /^application\/json/)
  t.deepEqual(await response.json(), status)
  t.deepEqual(await (await get('/v1/rounds')).json(), rounds)
  t.deepEqual(await (await get('/v1/privacy')).json(), privacy)
})

test('rounds since N are those after N', async t => {
  const since = async (text: string) => (await (await get(`/v1/rounds?since=${text}`)).json()) as RoundRecord[]
  t.deepEqual(
    (await since('0')).map(({ round }) => round),
    [1, 2],
  )
  t.is((await since('-1')).length, 3)
  t.is((await since('2')).length, 0)
  for (const text of ['x', '1.5', '-2', '1e3', '', '99999999999']) {
    t.is((await get(`/v1/rounds?since=${text}`)).status, 400, text)
  }
})

test('a Host that is not a loopback name is refused on every path', async t => {
  for (const host of ['confrere.example.org', '127.0.0.1.example.org', 'localhost.example.org:7420', '192.0.2.1', '']) {
    for (const path of ['/livez', '/readyz', '/v1/status', '/v1/privacy', '/v1/rounds', '/none']) {
      const response = await get(path, {}, { headers: { host } })
      t.is(response.status, 403, `${host} ${path}`)
      t.false((await response.text()).includes('12D3KooW'))
    }
  }
  t.is((await createHttpApp(sources).request('/livez')).status, 403)
})

test('loopback names are accepted with any port', t => {
  for (const host of ['localhost', 'LOCALHOST:1', '127.0.0.1:7420', '127.9.9.9', '[::1]', '[::1]:7420']) {
    t.true(isLoopbackHost(host), host)
  }
  const others = [
    undefined,
    '',
    ':7420',
    '::1',
    '[::2]:1',
    'localhost:',
    'localhost:1:2',
    'a@localhost',
    'localhost/x',
    '[localhost]',
  ]
  for (const host of others) {
    t.false(isLoopbackHost(host), host)
  }
})

test('other methods than GET and HEAD are refused, and so is a body', async t => {
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
    for (const path of ['/v1/status', '/none']) {
      const response = await get(path, {}, { method })
      t.is(response.status, 405, method)
      t.is(response.headers.get('allow'), 'GET, HEAD')
    }
  }
  t.is((await get('/v1/status', {}, { headers: { ...HOST, 'content-length': '5' } })).status, 400)
  t.is((await get('/v1/status', {}, { headers: { ...HOST, 'transfer-encoding': 'chunked' } })).status, 400)
  const head = await get('/v1/status', {}, { method: 'HEAD' })
  t.is(head.status, 200)
  t.is(await head.text(), '')
})

test('every answer carries the security headers and none allows another origin', async t => {
  const answers = [
    await get('/v1/status', {}, { headers: { ...HOST, origin: 'https://example.org' } }),
    await get('/none'),
    await get('/v1/status', {}, { headers: { host: 'example.org' } }),
    await get('/v1/status', {}, { method: 'POST' }),
    await get('/v1/status', {
      status: () => {
        throw new Error('x')
      },
    }),
  ]
  t.deepEqual(
    answers.map(answer => answer.status),
    [200, 404, 403, 405, 500],
  )
  for (const { headers } of answers) {
    t.is(headers.get('access-control-allow-origin'), null)
    t.is(headers.get('x-content-type-options'), 'nosniff')
    t.is(headers.get('cache-control'), 'no-store')
    t.regex(headers.get('content-security-policy') ?? '', /default-src 'none'/)
  }
})

test('a bug in a source is told to the log and not to the caller', async t => {
  const errors: unknown[] = []
  const bug = new Error('secret detail')
  const response = await get('/v1/status', {
    status: () => {
      throw bug
    },
    onError: error => void errors.push(error),
  })
  t.is(response.status, 500)
  t.false((await response.text()).includes('secret detail'))
  t.deepEqual(errors, [bug])
})

test('served on loopback, the app answers and then lets go of its port', async t => {
  const server = await serveHttp({ app: createHttpApp(sources), host: '127.0.0.1', port: 0 })
  const response = await fetch(`${server.url}/v1/status`)
  t.deepEqual(await response.json(), status)
  await server.close()
  await t.throwsAsync(fetch(`${server.url}/v1/status`))
})

test('a port in use is an error of exit code 5', async t => {
  const occupant = createServer()
  await new Promise<void>(resolve => occupant.listen(0, '127.0.0.1', resolve))
  t.teardown(() => occupant.close())
  const { port } = occupant.address() as { port: number }
  const error = await t.throwsAsync(serveHttp({ app: createHttpApp(sources), host: '127.0.0.1', port }), {
    instanceOf: OperatorError,
    code: 'cannot-listen',
  })
  t.is(error.exitCode, EXIT.cannotListen)
  t.true(error.message.includes(String(port)))
})

test('a node that has no ledger open yet says that it is starting', async t => {
  const response = await get('/v1/privacy', { privacy: () => null })
  t.is(response.status, 503)
  t.is(((await response.json()) as { error: { code: string } }).error.code, 'starting')
})

test('sockets that say nothing keep nobody from an answer, however many there are', async t => {
  const server = await serveHttp({ app: createHttpApp(sources), host: '127.0.0.1', port: 0 })
  const held = Array.from({ length: 200 }, () => connect(server.port, '127.0.0.1').on('error', () => {}))
  try {
    await Promise.all(held.map(socket => once(socket, 'connect')))
    for (const [at, socket] of held.entries()) if (at % 2 === 0) socket.write('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX')
    for (let i = 0; i < 100; i++) {
      const response = await fetch(`${server.url}/livez`, { headers: { connection: 'close' } })
      t.is(response.status, 200)
      held.push(connect(server.port, '127.0.0.1').on('error', () => {}))
    }
  } finally {
    for (const socket of held) socket.destroy()
    await server.close()
  }
})
