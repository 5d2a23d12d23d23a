/**
 * The node's HTTP interface: what it shows, what its operator can do with it, and the page that does both. The schemas
 * of node/http/api/ make the document /v1/openapi.json, and a test holds the answers to them.
 *
 * @module
 */

import { type OpenAPIHono as App, createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import type { Context, MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { HTTPException } from 'hono/http-exception'
import { readVersion } from '../version.ts'
import { type AppEnv, BODY_BYTES_MAX, bodyTooLarge, guard } from './access.ts'
import type { NodeView } from './api/view.ts'
import type { EventFeed } from './event-feed.ts'
import type { Page, PageFile } from './page.ts'
import { HttpProblem, PROBLEM_TYPE, problemBody, problemFor } from './problem.ts'
import { type Deed, recordDeeds } from './recording.ts'
import { addActing } from './routes/acting.ts'
import { FAILS } from './routes/answers.ts'
import { addEvents } from './routes/events.ts'
import { addSessions } from './routes/sessions.ts'
import { addStudies } from './routes/studies.ts'
import { addWatching } from './routes/watching.ts'
import type { Sessions } from './sessions.ts'

const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
}
const PAGE_HEADERS = {
  // asks each time whether the file is still the same
  'cache-control': 'no-cache',
  'content-security-policy':
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
}

export interface AppParts {
  readonly view: NodeView
  readonly events: EventFeed
  readonly sessions: Sessions
  readonly page: Page
  /** the text of a scrape by Prometheus */
  metrics(): string | Promise<string>
  /** names beside loopback under which others reach it */
  readonly names?: readonly string[]
  /** whether it is served with TLS */
  readonly secure?: boolean
  /** whether it listens beyond loopback: then reading needs the token or a session as well */
  readonly remote?: boolean
  /** told of what was done through it */
  record?(deed: Deed): Promise<void>
  /** told of bugs in the view */
  onError?(error: unknown): void
}

/** The app, which answers requests without a socket too. */
export function createApp(parts: AppParts): App<AppEnv> {
  const {
    view,
    events,
    sessions,
    page,
    metrics,
    names = [],
    secure = false,
    remote = false,
    record = async () => {},
    onError,
  } = parts
  const app = new OpenAPIHono<AppEnv>({
    defaultHook: result => {
      if (!result.success) throw badRequest(result.error)
    },
  })
  app.use('*', headers)
  app.use('*', guard({ sessions, names, remote, isPublic: path => page.has(path) }))
  app.use('*', bodyLimit({ maxSize: BODY_BYTES_MAX, onError: () => refuse(bodyTooLarge()) }))
  app.use('*', recordDeeds(record))
  addWatching(app, { view, metrics, lastEvent: () => events.last })
  addStudies(app, view)
  addActing(app, view)
  addSessions(app, { sessions, secure })
  addEvents(app, events)
  addDocument(app)
  for (const [path, file] of page) app.get(path, c => pageAnswer(c, file))
  app.notFound(c => answer(c, missing(app, c)))
  app.onError((error, c) => {
    const known = error instanceof HTTPException ? badBody(error) : error
    const problem = problemFor(known)
    if (problem.status === 500) onError?.(error)
    return answer(c, problem)
  })
  return app
}

const headers: MiddlewareHandler<AppEnv> = async (c, next) => {
  for (const [name, value] of Object.entries(HEADERS)) c.header(name, value)
  await next()
}

const DOCUMENT = createRoute({
  method: 'get',
  path: '/v1/openapi.json',
  responses: {
    200: { description: 'this document', content: { 'application/json': { schema: z.looseObject({}) } } },
    ...FAILS,
  },
})

/** The document is made when it is first asked for: that takes longer than all else here. */
function addDocument(app: App<AppEnv>): void {
  let made: object | undefined
  app.openAPIRegistry.registerComponent('securitySchemes', 'token', { type: 'http', scheme: 'bearer' })
  app.openAPIRegistry.registerComponent('securitySchemes', 'session', {
    type: 'apiKey',
    in: 'cookie',
    name: 'confrere-XXXXXXXX',
    description: "the last eight characters of the node's peer id stand in the name",
  })
  app.openapi(DOCUMENT, c => {
    made ??= app.getOpenAPI31Document({
      openapi: '3.1.0',
      info: { title: 'Confrère node', version: readVersion(), license: { name: 'Apache-2.0' } },
      servers: [{ url: '/' }],
    })
    return c.json(made, 200)
  })
}

function pageAnswer(c: Context<AppEnv>, { bytes, type, etag }: PageFile): Response {
  for (const [name, value] of Object.entries({ ...PAGE_HEADERS, etag })) c.header(name, value)
  const held = (c.req.header('if-none-match') ?? '').split(/\s*,\s*/)
  return held.includes(etag) ? c.body(null, 304) : c.body(bytes, 200, { 'content-type': type })
}

function answer(c: Context<AppEnv>, problem: HttpProblem): Response {
  return c.json(problemBody(problem), problem.status, { ...problem.headers, 'content-type': PROBLEM_TYPE })
}

function refuse(problem: HttpProblem): never {
  throw problem
}

/** Says which field is wrong, and not what a caller has sent. */
function badRequest(error: { readonly issues: readonly { path: PropertyKey[]; message: string }[] }): HttpProblem {
  const fields = error.issues
    .slice(0, 5)
    .map(({ path, message }) => `${path.map(String).join('.') || 'body'}: ${message}`)
  return new HttpProblem(400, 'bad-request', fields.join('; '), { hint: 'See /v1/openapi.json.' })
}

/** What hono itself finds wrong with a body. */
function badBody({ status }: HTTPException): HttpProblem {
  if (status === 415) return new HttpProblem(415, 'not-json', 'A body must be application/json')
  return new HttpProblem(400, 'bad-json', 'The body is not JSON')
}

/** Why there is no answer to a path: nothing is there, or not with this method. */
function missing(app: App<AppEnv>, c: Context<AppEnv>): HttpProblem {
  const allowed = ['GET', 'POST', 'DELETE'].filter(method =>
    app.router.match(method, c.req.path)[0].some(([[, route]]) => route.method === method),
  )
  if (allowed.length === 0) return new HttpProblem(404, 'not-found', 'There is nothing here')
  const allow = allowed.flatMap(method => (method === 'GET' ? ['GET', 'HEAD'] : [method])).join(', ')
  return new HttpProblem(405, 'method-not-allowed', `This path takes ${allow}`, { headers: { allow } })
}
