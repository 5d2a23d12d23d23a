// Claims of node/http/interface.ts, connections.ts and token.ts on real sockets: the token is its owner's alone, slow
// connections and streams do no harm, and beyond loopback there is TLS or nothing.

import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readFile, stat } from 'node:fs/promises'
import { request } from 'node:https'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import { EXIT, OperatorError } from '../../../node/errors.ts'
import { createEventFeed, type InterfaceOptions, startInterface } from '../../../node/http/interface.ts'
import { readToken } from '../../../node/http/token.ts'
import { filledView, PEER, STUDY } from '../../helpers/http/filled-view.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

const LOOPBACK = { host: '127.0.0.1', port: 0, tlsCertificate: null, tlsKey: null, names: [] }

async function started(t: ExecutionContext, changes: Partial<InterfaceOptions> = {}) {
  const folder = await temporaryFolder(t)
  const done: string[] = []
  const events = createEventFeed()
  const server = await startInterface({
    ...{ folder, config: LOOPBACK, peer: PEER, view: filledView(done), events },
    ...{ metrics: () => 'up 1\n', onError: error => t.log(error), ...changes },
  })
  t.teardown(() => server.close())
  return { folder, done, events, server, token: await readToken(folder) }
}

/** A request that is being answered, and never is. */
const HALF_A_BODY = `POST /v1/session HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{`

/** Connections that say nothing, or the beginning of a request. */
function hold(t: ExecutionContext, port: number, count: number, text = ''): Socket[] {
  const sockets = Array.from({ length: count }, () => {
    const socket = connect(port, '127.0.0.1').on('error', () => {})
    if (text !== '') socket.write(text)
    return socket
  })
  t.teardown(() => sockets.forEach(socket => void socket.destroy()))
  return sockets
}

const live = async (url: string) => (await fetch(`${url}/livez`, { headers: { connection: 'close' } })).status

/** Sends bytes as they are, which fetch would put in order, and reads the answer. */
async function raw(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write(text)
  let answer = ''
  socket.on('data', chunk => {
    answer += chunk
  })
  await once(socket, 'close')
  return answer
}

test("the token is in a file of the node's user alone, is new with every start, and acts", async t => {
  const { folder, server, token, done } = await started(t)
  const file = join(folder, 'http-token')
  t.is((await stat(file)).mode & 0o777, 0o600)
  t.regex(token, /^[\w-]{43}$/)
  const headers = { authorization: `Bearer ${token}` }
  const act = () => fetch(`${server.url}/v1/studies/${STUDY}/refuse`, { method: 'POST', headers })
  t.is((await act()).status, 200)
  t.deepEqual(done, [`refuse ${STUDY}`])
  const again = await startInterface({
    ...{ folder, config: LOOPBACK, peer: PEER, view: filledView(), events: createEventFeed() },
    ...{ metrics: () => '', onError: () => {} },
  })
  t.teardown(() => again.close())
  t.not(await readToken(folder), token)
  t.is((await fetch(`${again.url}/v1/node`, { headers })).status, 401, 'of the start before')
  const error = await t.throwsAsync(readToken(await temporaryFolder(t)), {
    instanceOf: OperatorError,
    code: 'no-token',
  })
  t.is(error.exitCode, EXIT.nodeUnreachable)
})

test('a thousand slow connections keep nobody from an answer', async t => {
  const { server } = await started(t)
  const half = 'GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nX'
  for (const text of ['', half, HALF_A_BODY]) {
    const held = hold(t, server.port, 334, text)
    await Promise.all(held.map(socket => once(socket, 'connect').catch(() => {})))
    for (let i = 0; i < 20; i++) t.is(await live(server.url), 200)
    // the server has closed all but the newest
    while (held.filter(socket => !socket.closed).length > 64) await new Promise(resolve => setImmediate(resolve))
  }
})

test('a stream stays open while others come and go, and does not count among them', async t => {
  const { server, events } = await started(t)
  const streams = await Promise.all(Array.from({ length: 16 }, () => fetch(`${server.url}/v1/events`)))
  const readers = streams.map(({ body }) => body!.getReader())
  for (const reader of readers) await reader.read()
  // one after the other: what is being answered is closed only where nothing else waits
  for (let i = 0; i < 80; i++) {
    const [held] = hold(t, server.port, 1, HALF_A_BODY.replace('\r\n\r\n{', '\r\nExpect: 100-continue\r\n\r\n'))
    await once(held!, 'data')
    t.is(await live(server.url), 200)
  }
  events.emit({ type: 'round', text: 'Round 1 is finished', study: STUDY })
  for (const reader of readers) {
    t.true(new TextDecoder().decode((await reader.read()).value).includes('Round 1 is finished'))
  }
  await Promise.all(readers.map(reader => reader.cancel()))
  while (events.readers > 0) await new Promise(resolve => setImmediate(resolve))
  const next = await fetch(`${server.url}/v1/events`)
  t.is(next.status, 200)
  await next.body!.cancel()
})

test('a reader that takes nothing from its connection is dropped', async t => {
  const { server, events } = await started(t)
  const socket = connect(server.port, '127.0.0.1').on('error', () => {})
  t.teardown(() => void socket.destroy())
  socket.write('GET /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')
  await once(socket, 'readable')
  socket.pause()
  for (let i = 0; events.readers > 0 && i < 100_000; i++) {
    for (let j = 0; j < 1000; j++) events.emit({ type: 'node', text: 'x'.repeat(200) })
    await new Promise(resolve => setImmediate(resolve))
  }
  t.is(events.readers, 0)
  t.is(await live(server.url), 200)
})

test('a body that is too large is refused before it is sent', async t => {
  const { server, token } = await started(t)
  const head = (more: string) =>
    `POST /v1/invitations HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\nContent-Type: application/json\r\n${more}\r\n\r\n`
  t.regex(await raw(server.port, head('Content-Length: 1000000')), /^HTTP\/1.1 413 [\s\S]*body-too-large/)
  const chunk = `2000\r\n${' '.repeat(0x2000)}\r\n`
  const chunked = head('Transfer-Encoding: chunked') + chunk.repeat(9)
  t.regex(await raw(server.port, chunked), /^HTTP\/1.1 413 [\s\S]*body-too-large/)
  const both = head('Content-Length: 3\r\nTransfer-Encoding: chunked')
  t.regex(await raw(server.port, both), /^HTTP\/1.1 400 /, 'two lengths')
})

test('a path that leads out of the page finds nothing on the wire either', async t => {
  const { server } = await started(t)
  for (const path of [
    '/../package.json',
    '/..%2f..%2fpackage.json',
    '//etc/passwd',
    '/./../../etc/passwd',
    '/uplot.js/../../http.ts',
  ]) {
    const answer = await raw(server.port, `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`)
    t.regex(answer, /^HTTP\/1.1 40[04] /, path)
    t.false(/confrere"|root:/.test(answer), path)
  }
  for (const target of ['http://evil.example/v1/node', 'evil.example:443']) {
    const answer = await raw(server.port, `GET ${target} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n`)
    t.regex(answer, /^HTTP\/1.1 40[03] /, target)
  }
  const chart = await fetch(`${server.url}/uplot.js`)
  t.is(chart.headers.get('content-type'), 'text/javascript; charset=utf-8')
  t.true((await chart.text()).includes('uPlot'))
})

test('beyond loopback nothing is served without TLS, nor with files that are no certificate', async t => {
  const folder = await temporaryFolder(t)
  const start = (config: InterfaceOptions['config']) =>
    startInterface({
      ...{ folder, config, peer: PEER, view: filledView(), events: createEventFeed() },
      ...{ metrics: () => '', onError: () => {} },
    })
  const open = { ...LOOPBACK, host: '0.0.0.0' }
  t.is((await t.throwsAsync(start(open), { instanceOf: OperatorError, code: 'no-tls' })).exitCode, EXIT.config)
  const file = import.meta.filename
  const bad = { ...open, tlsCertificate: file, tlsKey: file }
  t.is((await t.throwsAsync(start(bad), { instanceOf: OperatorError, code: 'bad-tls' })).exitCode, EXIT.config)
})

test('with TLS it answers to its names, to holders of the token, and a flood does no harm', async t => {
  const folder = await temporaryFolder(t)
  const [tlsKey, tlsCertificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')]
  const subject = ['-subj', '/CN=node.example', '-addext', 'subjectAltName=DNS:node.example']
  const files = ['-keyout', tlsKey, '-out', tlsCertificate]
  try {
    await promisify(execFile)('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...subject, ...files])
  } catch (error) {
    t.log(`skipped: openssl makes no certificate here: ${error}`)
    t.pass()
    return
  }
  const config = { host: '0.0.0.0', port: 0, tlsCertificate, tlsKey, names: ['node.example'] }
  const { server, token } = await started(t, { config })
  const ca = await readFile(tlsCertificate)
  const get = async (path: string, headers: Record<string, string>) => {
    const options = {
      host: '127.0.0.1',
      port: server.port,
      servername: 'node.example',
      path,
      ca,
      headers,
      agent: false,
    }
    const sent = request(options)
    sent.end()
    const [answer] = await once(sent, 'response')
    answer.resume()
    return answer.statusCode as number
  }
  const bearer = { authorization: `Bearer ${token}` }
  hold(t, server.port, 300)
  t.is(await get('/v1/node', { host: 'node.example', ...bearer }), 200)
  t.is(await get('/v1/node', { host: 'node.example' }), 401)
  t.is(await get('/livez', { host: 'node.example' }), 200)
  t.is(await get('/v1/node', { host: 'other.example', ...bearer }), 403)
})
