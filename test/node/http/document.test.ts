// Claims: /v1/openapi.json has every route and no other, it is valid OpenAPI 3.1, and every answer is of its schema.

import { Validator } from '@seriousme/openapi-schema-validator'
import test from 'ava'
import type { ZodType } from 'zod'
import type { NodeView } from '../../../node/http/api/view.ts'
import {
  appForTest,
  BEARER,
  CHANGE,
  filledView,
  INVITATION,
  LOCAL,
  OTHER,
  SECRET_INVITATION,
  STUDY,
  TOKEN,
} from '../../helpers/http/filled-view.ts'

type Responses = Record<string, { content?: Record<string, { schema: ZodType }> }>
interface Route {
  method: string
  path: string
  responses: Responses
  request?: { body?: unknown }
}

const PARAMETERS: Readonly<Record<string, string>> = { peer: OTHER, id: STUDY, change: CHANGE, invitation: INVITATION }
const BODIES: Readonly<Record<string, object>> = {
  '/v1/session': { token: TOKEN },
  '/v1/invitations': { hours: 1, note: 'Hospital B' },
  '/v1/studies/{id}/approve': { dataset: 'chest' },
  '/v1/log-level': { level: 'debug' },
}

function routesOf({ app }: ReturnType<typeof appForTest>): Route[] {
  return app.openAPIRegistry.definitions.flatMap(one => (one.type === 'route' ? [one.route as unknown as Route] : []))
}

/** Calls a route as the document says, and parses the answer with the schema that the document was made of. */
async function problemsOf(parts: ReturnType<typeof appForTest>, route: Route): Promise<string[]> {
  const path = route.path.replace(/\{(\w+)\}/g, (_, name: string) => PARAMETERS[name]!)
  const body = route.request?.body === undefined ? undefined : JSON.stringify(BODIES[route.path])
  const query = path === '/login' ? `?once=${parts.sessions.createLink().once}` : ''
  const headers = { ...BEARER, ...(body === undefined ? {} : { 'content-type': 'application/json' }) }
  const answer = await parts.app.request(`${path}${query}`, { method: route.method, headers, body: body ?? null })
  const where = `${route.method} ${route.path} ${answer.status}`
  const response = route.responses[answer.status] ?? route.responses['default']
  const type = answer.headers.get('content-type')
  if (response === undefined) return [`${where} is not in the document`]
  if (response.content === undefined) return []
  const content = Object.entries(response.content).find(([name]) => type?.startsWith(name))
  if (content === undefined) return [`${where}: ${type} is not in the document`]
  const [name, { schema }] = content
  if (name === 'text/event-stream') return [] // it does not end: see event-feed.test.ts
  const value = /json/.test(name) ? await answer.json() : await answer.text()
  return schema.safeParse(value).error?.issues.map(issue => `${where}: ${issue.path.join('.')} ${issue.message}`) ?? []
}

async function allProblems(view?: NodeView): Promise<string[]> {
  const parts = appForTest(view === undefined ? {} : { view })
  const found: string[] = []
  for (const route of routesOf(parts)) found.push(...(await problemsOf(parts, route)))
  return found
}

test('every route of the document answers with its schema, strictly', async t => {
  const parts = appForTest()
  t.true(routesOf(parts).length >= 30)
  t.deepEqual(await allProblems(), [])
})

test('a field too many, one too few and one of another type are each found', async t => {
  const node = filledView().node() as Record<string, unknown>
  const { site: _, ...without } = node
  for (const changed of [{ ...node, path: '/srv' }, without, { ...node, memoryBytes: 'many' }]) {
    const problems = await allProblems(filledView([], { node: () => changed as never }))
    t.true(problems.length > 0 && problems.every(line => line.startsWith('get /v1/node 200')), problems.join('; '))
  }
})

test('the app has the routes of the document, and no other', async t => {
  const file = { bytes: new Uint8Array(1), type: 'text/html', etag: '"x"' }
  const { app } = appForTest({ page: new Map([['/', file]]) })
  const document = app.getOpenAPI31Document({ openapi: '3.1.0', info: { title: 'x', version: '1' } })
  const documented = Object.entries(document.paths ?? {}).flatMap(([path, methods]) =>
    Object.keys(methods).map(method => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`),
  )
  const served = new Set(
    app.routes.filter(({ method }) => method !== 'ALL').map(({ method, path }) => `${method} ${path}`),
  )
  // the page's files are no part of the interface for programs
  served.delete('GET /')
  t.deepEqual([...served].sort(), documented.sort())
  app.get('/v1/hidden', c => c.text(''))
  t.true(app.routes.some(({ path }) => path === '/v1/hidden' && !documented.includes(`GET ${path}`)))
})

test('the document is valid OpenAPI 3.1 by an independent validator, and a broken one is not', async t => {
  const { app } = appForTest()
  const document = (await (await app.request('/v1/openapi.json', { headers: LOCAL })).json()) as Record<string, unknown>
  t.is(document['openapi'], '3.1.0')
  t.deepEqual(await new Validator().validate(structuredClone(document)), { valid: true })
  const broken = { ...document, paths: { '/x': { get: { responses: { 200: {} } } } } }
  t.false((await new Validator().validate(broken)).valid)
})

test('every action says in the document that it needs the token, and no other route does', t => {
  for (const route of routesOf(appForTest()) as (Route & { security?: unknown })[]) {
    const acts = route.method !== 'get' && route.path !== '/v1/session'
    t.is(route.security !== undefined, acts, `${route.method} ${route.path}`)
  }
})

test('what an action was asked for reaches the node, and its errors become problems', async t => {
  const done: string[] = []
  const { app } = appForTest({ view: filledView(done) })
  const post = (path: string, body?: object, method = 'POST') =>
    app.request(path, {
      method,
      headers: { ...BEARER, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      body: body === undefined ? null : JSON.stringify(body),
    })
  await post(`/v1/contacts/${OTHER}/approve`)
  const invited = await post('/v1/invitations', {})
  await post(`/v1/invitations/${INVITATION}`, undefined, 'DELETE')
  await post(`/v1/studies/${STUDY}/approve`, { dataset: 'chest' })
  await post(`/v1/studies/${STUDY}/roster/changes/${CHANGE}/refuse`)
  await post('/v1/log-level', { level: 'debug' })
  t.deepEqual(done, [
    `approve contact ${OTHER}`,
    'invite for 72 h',
    `withdraw ${INVITATION}`,
    `approve ${STUDY} with chest`,
    `refuse change ${CHANGE} of ${STUDY}`,
    'log debug',
  ])
  t.is(invited.status, 201)
  const problem = async (answer: Response) => {
    t.is(answer.headers.get('content-type'), 'application/problem+json')
    return (await answer.json()) as object
  }
  t.deepEqual(await problem(await post(`/v1/studies/${STUDY}/leave`)), {
    ...{ type: 'about:blank', title: 'Conflict', status: 409, code: 'not-now' },
    ...{ detail: 'Study abab cannot be left now', hint: 'Wait.' },
  })
  const stranger = OTHER.replace('Q7', 'Q8')
  t.like(await problem(await post(`/v1/contacts/${stranger}/refuse`)), { status: 404, code: 'unknown-contact' })
  for (const [path, body] of [
    ['/v1/log-level', { level: 'loud' }],
    ['/v1/log-level', { level: 'info', more: 1 }],
    ['/v1/invitations', { hours: 10_000 }],
    ['/v1/contacts/x/approve', undefined],
  ] as const) {
    t.like(await problem(await post(path, body)), { status: 400, code: 'bad-request' }, path)
  }
})

test('an invitation is told once: no other answer has its secret', async t => {
  const parts = appForTest()
  for (const route of routesOf(parts).filter(({ method, path }) => method === 'get' && path !== '/v1/events')) {
    const path = route.path.replace(/\{(\w+)\}/g, (_, name: string) => PARAMETERS[name]!)
    const text = await (await parts.app.request(path, { headers: BEARER })).text()
    for (const secret of [SECRET_INVITATION, TOKEN]) t.false(text.includes(secret), path)
  }
})

test('rounds: those after a number, or the newest; of the study that is named, or the main one', async t => {
  const { app } = appForTest()
  const get = async (path: string) => (await app.request(path, { headers: LOCAL })).json() as Promise<never>
  const numbers = (rounds: { round: number }[]) => rounds.map(({ round }) => round)
  const of = async (query: string) => {
    const { rounds, more } = (await get(`/v1/studies/${STUDY}/rounds${query}`)) as { rounds: []; more: boolean }
    return [numbers(rounds), more]
  }
  t.deepEqual(await of(''), [[0, 1, 2, 3, 4], false])
  t.deepEqual(await of('?limit=2'), [[3, 4], false])
  t.deepEqual(await of('?since=0&limit=2'), [[1, 2], true])
  t.deepEqual(await of('?since=4'), [[], false])
  t.deepEqual(numbers(await get('/v1/rounds')), [0, 1, 2, 3, 4])
  t.deepEqual(numbers(await get(`/v1/rounds?study=${STUDY}&since=2`)), [3, 4])
  t.deepEqual(numbers(await get('/v1/rounds?since=-1&limit=1')), [0])
  for (const query of [
    'since=x',
    'since=1.5',
    'since=-2',
    'since=',
    'since=99999999999',
    'limit=0',
    'limit=99999',
    'study=x',
  ]) {
    t.is((await app.request(`/v1/rounds?${query}`, { headers: LOCAL })).status, 400, query)
  }
  const other = 'f'.repeat(64)
  for (const path of [`/v1/rounds?study=${other}`, `/v1/status?study=${other}`, `/v1/studies/${other}`]) {
    t.is((await app.request(path, { headers: LOCAL })).status, 404, path)
  }
})

test('the rounds of /v1/rounds are the records that programs know: without what the page adds', async t => {
  const rounds = await (await appForTest().app.request('/v1/rounds', { headers: LOCAL })).json()
  t.deepEqual(Object.keys((rounds as object[])[0]!).sort(), [
    ...['beyondMs', 'bytesSent', 'checkpoint', 'contributors', 'durationMs', 'finishedAt', 'outcome', 'round'],
    ...['trainMs', 'views'],
  ])
})

test('live and ready answer 503 when they are not, and privacy while the node starts', async t => {
  const view = filledView([], {
    ...{ live: () => false, ready: () => ({ ready: false, reasons: ['waiting for Hospital C'] }), privacy: () => null },
  })
  const { app } = appForTest({ view })
  t.is((await app.request('/livez', { headers: LOCAL })).status, 503)
  const ready = await app.request('/readyz', { headers: LOCAL })
  t.is(ready.status, 503)
  t.deepEqual(await ready.json(), { ready: false, reasons: ['waiting for Hospital C'] })
  const privacy = await app.request('/v1/privacy', { headers: LOCAL })
  t.is(privacy.status, 503)
  t.like(await privacy.json(), { code: 'starting' })
})
