// Claims of node/http/access.ts and sessions.ts: reading is for loopback names, acting for the token or a logged-in page,
// and another site's page can do neither.

import test from 'ava'
import fc from 'fast-check'
import { isAllowedHost, isSameOrigin } from '../../../node/http/hosts.ts'
import { Sessions } from '../../../node/http/sessions.ts'
import {
  appForTest,
  BEARER,
  filledView,
  HOSTILE_NAME,
  LOCAL,
  PEER,
  STUDY,
  TOKEN,
} from '../../helpers/http/filled-view.ts'

const ACTION = `/v1/studies/${STUDY}/refuse`
const ORIGIN = { origin: 'http://127.0.0.1:7420', 'sec-fetch-site': 'same-origin' }
const JSON_TYPE = { 'content-type': 'application/json' }
const PAGE = new Map([['/', { bytes: new TextEncoder().encode('<p>page'), type: 'text/html', etag: '"tag"' }]])

type App = ReturnType<typeof appForTest>['app']

const post = (app: App, path: string, headers: Record<string, string>, body: string | ReadableStream | null = null) =>
  app.request(path, { method: 'POST', headers, body, ...(body instanceof ReadableStream ? { duplex: 'half' } : {}) })

async function codeOf(answer: Response): Promise<string> {
  return `${answer.status} ${((await answer.json()) as { code?: string }).code ?? 'done'}`
}

/** The Cookie header after a login. */
async function login({ app, sessions }: ReturnType<typeof appForTest>): Promise<{ cookie: string; set: string }> {
  const answer = await app.request(`/login?once=${sessions.createLink().once}`, { headers: LOCAL })
  const set = answer.headers.get('set-cookie') ?? ''
  return { cookie: set.split(';')[0]!, set }
}

test('a rebound DNS name is refused on every path, before anything is read or done', async t => {
  const done: string[] = []
  const { app } = appForTest({ page: PAGE, view: filledView(done) })
  for (const host of ['evil.example', '127.0.0.1.evil.example', 'localhost.evil.example:7420', '192.0.2.1', '']) {
    for (const path of ['/', '/livez', '/metrics', '/v1/node', '/v1/events', '/v1/openapi.json', '/login', '/none']) {
      const answer = await app.request(path, { headers: { ...BEARER, host } })
      t.is(await codeOf(answer), '403 bad-host', `${host} ${path}`)
    }
    t.is(await codeOf(await post(app, ACTION, { ...BEARER, host })), '403 bad-host')
  }
  t.is((await app.request('/livez')).status, 403, 'no Host at all')
  t.deepEqual(done, [])
})

test('names of the config are answered, and no other', t => {
  const names = ['Node.Hospital.example', '192.0.2.7', '2001:db8::7']
  for (const host of [
    'node.hospital.example',
    'NODE.hospital.example:7420',
    '192.0.2.7:1',
    '[2001:db8::7]:7420',
    'localhost',
  ])
    t.true(isAllowedHost(host, names), host)
  for (const host of [
    undefined,
    '',
    'hospital.example',
    'x.node.hospital.example',
    '192.0.2.77',
    '[2001:db8::8]',
    'a@192.0.2.7',
  ])
    t.false(isAllowedHost(host, names), host)
})

test('a Host that is answered is one that a browser takes for this machine', t => {
  const part = fc.constantFrom(
    'localhost',
    '127.0.0.1',
    '127',
    '::1',
    '[',
    ']',
    ':',
    '.',
    '@',
    '/',
    '\\',
    '#',
    '?',
    '80',
    'a',
    ' ',
    '%',
  )
  const header = fc.oneof(
    fc.string(),
    fc.array(part, { maxLength: 6 }).map(parts => parts.join('')),
  )
  fc.assert(
    fc.property(header, text => {
      if (!isAllowedHost(text, [])) return
      const { hostname, username, pathname, search, hash } = new URL(`http://${text}`)
      t.regex(hostname, /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/, text)
      t.is(`${username}${pathname}${search}${hash}`, '/', text)
    }),
    { numRuns: 2000 },
  )
})

test('reading on loopback needs no login; acting does, and a wrong token is refused even for reading', async t => {
  const done: string[] = []
  const { app } = appForTest({ view: filledView(done) })
  t.is((await app.request('/v1/node', { headers: LOCAL })).status, 200)
  t.is(await codeOf(await post(app, ACTION, LOCAL)), '401 unauthorised')
  for (const authorization of [
    '',
    'Bearer',
    'Bearer x',
    `Bearer ${TOKEN}x`,
    `Bearer ${TOKEN.slice(1)}`,
    `Basic ${TOKEN}`,
    TOKEN,
  ]) {
    t.is(await codeOf(await post(app, ACTION, { ...LOCAL, authorization })), '401 unauthorised', authorization)
    const read = await app.request('/v1/node', { headers: { ...LOCAL, authorization } })
    t.is(read.status, 401, authorization)
    t.is(read.headers.get('www-authenticate'), 'Bearer')
  }
  t.deepEqual(done, [])
  t.is(await codeOf(await post(app, ACTION, BEARER)), '200 done')
  t.deepEqual(done, [`refuse ${STUDY}`])
})

test('an action that another page sends is refused, with the token or with the cookie', async t => {
  const done: string[] = []
  const parts = appForTest({ view: filledView(done) })
  const { cookie } = await login(parts)
  const foreign: Record<string, string>[] = [
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: 'http://127.0.0.1:9999' },
    { origin: 'http://127.0.0.1' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site', ...{ origin: 'http://127.0.0.1:7420' } },
    { 'sec-fetch-site': 'none' },
  ]
  for (const headers of foreign) {
    for (const right of [{ ...LOCAL, cookie }, BEARER]) {
      t.is(
        await codeOf(await post(parts.app, ACTION, { ...right, ...headers })),
        '403 cross-site',
        JSON.stringify(headers),
      )
    }
  }
  t.is(await codeOf(await post(parts.app, ACTION, { ...LOCAL, cookie })), '403 cross-site', 'says nothing of its page')
  t.deepEqual(done, [])
  t.is(await codeOf(await post(parts.app, ACTION, { ...LOCAL, cookie, ...ORIGIN })), '200 done')
  t.is(await codeOf(await post(parts.app, ACTION, { ...LOCAL, cookie, origin: ORIGIN.origin })), '200 done')
})

test('data that another page asks for is refused, a link to the page is not', async t => {
  const { app } = appForTest({ page: PAGE })
  for (const site of ['cross-site', 'same-site']) {
    for (const path of ['/v1/node', '/v1/events', '/metrics']) {
      const answer = await app.request(path, { headers: { ...LOCAL, 'sec-fetch-site': site } })
      t.is(await codeOf(answer), '403 cross-site', path)
    }
    t.is((await app.request('/', { headers: { ...LOCAL, 'sec-fetch-site': site } })).status, 200)
  }
  t.is((await app.request('/v1/node', { headers: { ...LOCAL, 'sec-fetch-site': 'none' } })).status, 200)
})

test('a login link works once and for a minute, and its cookie is SameSite=Strict and HttpOnly', async t => {
  const parts = appForTest()
  const { app, time } = parts
  const made = await post(app, '/v1/login-links', BEARER)
  t.is(made.status, 201)
  const { path } = (await made.json()) as { path: string }
  t.regex(path, /^\/login\?once=[\w-]{43}$/)
  t.is((await app.request(path, { method: 'HEAD', headers: LOCAL })).status, 401, 'a preview uses it not up')
  const first = await app.request(path, { headers: LOCAL })
  t.is(first.status, 303)
  t.is(first.headers.get('location'), '/')
  const attributes = first.headers.get('set-cookie')!.split('; ').slice(1).sort()
  t.deepEqual(attributes, ['HttpOnly', 'Max-Age=43200', 'Path=/', 'SameSite=Strict'])
  t.is(await codeOf(await app.request(path, { headers: LOCAL })), '401 link-used')
  const late = parts.sessions.createLink().once
  time.now += 60_000
  t.is(await codeOf(await app.request(`/login?once=${late}`, { headers: LOCAL })), '401 link-used')
  t.is(await codeOf(await app.request('/login?once=x', { headers: LOCAL })), '401 link-used')
  t.is((await app.request('/login', { headers: LOCAL })).status, 400)
  t.is(await codeOf(await post(app, '/v1/login-links', LOCAL)), '401 unauthorised')
})

test('a session ends by logging out, after its time, and with the node', async t => {
  const parts = appForTest()
  const { app, time } = parts
  const may = async (cookie: string) =>
    ((await (await app.request('/v1/session', { headers: { ...LOCAL, cookie } })).json()) as { mayAct: boolean }).mayAct
  t.false(await may(''))
  const { cookie } = await login(parts)
  t.true(await may(cookie))
  t.false(await may(`${cookie}x`))
  const out = await app.request('/v1/session', { method: 'DELETE', headers: { ...LOCAL, cookie, ...ORIGIN } })
  t.is(out.status, 200)
  t.regex(out.headers.get('set-cookie')!, /Max-Age=0/)
  t.false(await may(cookie))
  const later = (await login(parts)).cookie
  time.now += 12 * 60 * 60_000
  t.false(await may(later))
  const options = { token: TOKEN, peer: PEER, now: () => 0, random: () => new Uint8Array(32) }
  t.false(new Sessions(options).isSession(new Sessions(options).createSession()))
})

test('the page logs in with the token too; another page cannot try', async t => {
  const { app } = appForTest()
  const attempt = (token: string, headers: Record<string, string>) =>
    post(app, '/v1/session', { ...LOCAL, ...JSON_TYPE, ...headers }, JSON.stringify({ token }))
  t.regex((await attempt(TOKEN, ORIGIN)).headers.get('set-cookie')!, /^confrere-zRzWCxYz=[\w-]{43};/)
  const wrong = await attempt('x', ORIGIN)
  t.is(wrong.headers.get('set-cookie'), null)
  t.is(await codeOf(wrong), '401 wrong-token')
  t.is(await codeOf(await attempt(TOKEN, { origin: 'https://evil.example' })), '403 cross-site')
})

test('links and sessions are limited in number: the oldest goes', t => {
  let drawn = 0
  const random = () => new Uint8Array(32).fill(drawn++)
  const sessions = new Sessions({ token: TOKEN, peer: PEER, now: () => 0, random })
  const links = Array.from({ length: 17 }, () => sessions.createLink().once)
  t.is(sessions.useLink(links[0]!), null)
  t.not(sessions.useLink(links[1]!), null)
  const values = Array.from({ length: 65 }, () => sessions.createSession())
  t.deepEqual(values.map(value => sessions.isSession(value)).indexOf(true), 1)
})

test('a body that is too large, or is not JSON, is refused', async t => {
  const done: string[] = []
  const { app } = appForTest({ view: filledView(done) })
  const large = JSON.stringify({ hours: 1, note: 'x'.repeat(64 * 1024) })
  const chunks = new ReadableStream<Uint8Array>({
    pull: controller => controller.enqueue(new Uint8Array(4096).fill(0x20)),
  })
  const headers = { ...BEARER, ...JSON_TYPE }
  const length = { 'content-length': String(large.length) }
  t.is(await codeOf(await post(app, '/v1/invitations', { ...headers, ...length }, large)), '413 body-too-large')
  t.is(
    await codeOf(await post(app, '/v1/invitations', { ...headers, 'transfer-encoding': 'chunked' }, chunks)),
    '413 body-too-large',
  )
  for (const type of [
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/jsonx',
  ]) {
    const sent = await post(app, '/v1/invitations', { ...BEARER, 'content-type': type, 'content-length': '2' }, '{}')
    t.is(await codeOf(sent), '415 not-json', type)
  }
  for (const text of ['', '{', '[]', 'null', '"x"', '{"hours":"1"}', '{"__proto__":1}']) {
    const sent = await post(app, '/v1/invitations', { ...headers, 'content-length': String(text.length) }, text)
    t.is(sent.status, 400, text)
  }
  t.is(await codeOf(await app.request('/v1/node', { headers: { ...LOCAL, 'content-length': '5' } })), '400 no-body')
  t.deepEqual(done, [])
})

test('a method that a path does not take is refused with those that it takes', async t => {
  const { app } = appForTest()
  for (const method of ['PUT', 'PATCH', 'OPTIONS', 'DELETE', 'POST']) {
    const answer = await app.request('/v1/node', { method, headers: BEARER })
    t.is(answer.headers.get('allow'), 'GET, HEAD', method)
    t.is(answer.headers.get('access-control-allow-origin'), null)
    t.is(await codeOf(answer), '405 method-not-allowed')
  }
  t.is(await codeOf(await app.request(ACTION, { headers: LOCAL })), '405 method-not-allowed')
  t.is(await codeOf(await app.request('/none', { headers: LOCAL })), '404 not-found')
  t.is(await codeOf(await app.request('/none', { method: 'PUT', headers: LOCAL })), '401 unauthorised')
})

test('beyond loopback reading needs the token as well; the page and the login do not', async t => {
  const parts = appForTest({ remote: true, names: ['node.example'], page: PAGE })
  const { app } = parts
  const host = 'node.example'
  for (const path of ['/v1/node', '/v1/events', '/metrics', '/readyz', '/v1/openapi.json', '/none']) {
    t.is(await codeOf(await app.request(path, { headers: { host } })), '401 unauthorised', path)
    t.is(await codeOf(await app.request(path, { headers: LOCAL })), '401 unauthorised', path)
  }
  for (const path of ['/', '/livez', '/v1/session'])
    t.is((await app.request(path, { headers: { host } })).status, 200, path)
  t.is((await app.request('/v1/node', { headers: { ...BEARER, host } })).status, 200)
  const { cookie } = await login(parts)
  t.is((await app.request('/v1/node', { headers: { host, cookie } })).status, 200)
})

test('every answer has the security headers, and none lets another origin read it', async t => {
  const bug = filledView([], {
    contacts: () => {
      throw new Error('secret detail')
    },
  })
  const errors: unknown[] = []
  const { app } = appForTest({ page: PAGE, view: bug, onError: error => void errors.push(error) })
  const answers = await Promise.all([
    app.request('/v1/node', { headers: { ...LOCAL, origin: 'https://evil.example' } }),
    app.request('/none', { headers: LOCAL }),
    app.request('/v1/node', { headers: { host: 'evil.example' } }),
    post(app, ACTION, LOCAL),
    app.request('/v1/contacts', { headers: LOCAL }),
    app.request('/', { headers: LOCAL }),
  ])
  t.deepEqual(
    answers.map(({ status }) => status),
    [200, 404, 403, 401, 500, 200],
  )
  for (const { headers } of answers) {
    t.is(headers.get('access-control-allow-origin'), null)
    t.is(headers.get('x-content-type-options'), 'nosniff')
    t.is(headers.get('x-frame-options'), 'DENY')
    t.is(headers.get('referrer-policy'), 'no-referrer')
    t.is(headers.get('cross-origin-resource-policy'), 'same-origin')
    t.regex(headers.get('content-security-policy')!, /^default-src '(none|self)'; .*frame-ancestors 'none'/)
  }
  t.regex(answers[5]!.headers.get('content-security-policy')!, /^default-src 'self'; base-uri 'none'/)
  t.false((await answers[4]!.text()).includes('secret detail'))
  t.is(errors.length, 1)
})

test("a hostile hospital's name stays a text in JSON", async t => {
  const { app } = appForTest()
  const answer = await app.request('/v1/studies', { headers: LOCAL })
  t.regex(answer.headers.get('content-type')!, /^application\/json/)
  const { studies } = (await answer.json()) as { studies: { name: string }[] }
  t.is(studies[0]!.name, HOSTILE_NAME)
})

test('a problem does not repeat what the caller sent', async t => {
  const { app } = appForTest()
  for (const path of ['/v1/rounds?since=%3Cscript%3E', '/v1/studies/%3Cscript%3E', '/%3Cscript%3E']) {
    const text = await (await app.request(path, { headers: LOCAL })).text()
    t.false(/script/.test(text), text)
  }
})

test('an origin is our own with the same name and port only', t => {
  t.true(isSameOrigin('http://LOCALHOST:7420', 'localhost:7420'))
  t.true(isSameOrigin('https://node.example', 'node.example'))
  for (const origin of ['null', '', 'http://localhost', 'http://localhost:7421', 'http://localhost:7420.evil.example'])
    t.false(isSameOrigin(origin, 'localhost:7420'), origin)
})
