/**
 * Who may ask what. A web page in the operator's browser can send requests to loopback too, and so can any user of the
 * machine. So: the Host header must be an allowed name, no CORS header lets another page read an answer, an action
 * needs the token or a session's cookie, and by cookie it must come from this interface's own page.
 *
 * @module
 */

import type { Context, MiddlewareHandler } from 'hono'
import { getCookie } from 'hono/cookie'
import { isAllowedHost, isSameOrigin } from './hosts.ts'
import { HttpProblem } from './problem.ts'
import type { Sessions } from './sessions.ts'

/** What the server gives an app with each request; absent in tests without a socket. */
export interface Connection {
  /** takes the connection out of the count of short ones */
  readonly keepOpen?: () => void
  /** ends it */
  readonly drop?: () => void
}
export type AppEnv = { Bindings: Connection }

export const BODY_BYTES_MAX = 64 * 1024
const READ_METHODS = ['GET', 'HEAD']
const JSON_TYPE = /^application\/json(\s*;\s*charset=utf-8)?$/i
const BEARER = /^Bearer ([A-Za-z0-9_-]{1,200})$/i

export interface AccessRules {
  readonly sessions: Sessions
  /** names beside loopback under which others reach it */
  readonly names: readonly string[]
  /** listens beyond loopback: then reading needs the token or a session as well */
  readonly remote: boolean
  /** paths that need no login: the page's files, which hold no data */
  isPublic(path: string): boolean
}

/** Paths at which a caller without a session gets one, or is told that it has none. */
const LOGIN_PATHS = ['/v1/session', '/login', '/livez']

/** Refuses what is not allowed, before any route sees it. */
export function guard({ sessions, names, remote, isPublic }: AccessRules): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    if (!isAllowedHost(c.req.header('host'), names)) {
      throw new HttpProblem(403, 'bad-host', 'This interface does not answer to that name', {
        hint: 'Use 127.0.0.1 or localhost, or add the name to http.names in config.toml.',
      })
    }
    const reads = READ_METHODS.includes(c.req.method)
    refuseForeign(c, reads)
    checkBody(c, reads)
    const may = mayAct(c, sessions)
    const open = LOGIN_PATHS.includes(c.req.path) || (reads && (!remote || isPublic(c.req.path)))
    if (!may && !open) throw unauthorised(reads)
    return next()
  }
}

/**
 * Whether the request has the token or a session's cookie.
 *
 * @throws HttpProblem for a wrong token, and for an action by cookie that does not show that it comes from our own page
 */
export function mayAct(c: Context<AppEnv>, sessions: Sessions): boolean {
  const authorization = c.req.header('authorization')
  if (authorization !== undefined) {
    const token = BEARER.exec(authorization)?.[1]
    if (token !== undefined && sessions.isToken(token)) return true
    throw unauthorised(false)
  }
  const cookie = getCookie(c, sessions.cookie)
  if (cookie === undefined || !sessions.isSession(cookie)) return false
  if (READ_METHODS.includes(c.req.method)) return true
  // the cookie is SameSite=Strict, but the same site is every port of this machine
  const own = c.req.header('origin') !== undefined || c.req.header('sec-fetch-site') === 'same-origin'
  if (!own) throw crossSite()
  return true
}

/** Refuses what a browser says another site's page has asked for; a request that says nothing of it is no browser's. */
function refuseForeign(c: Context<AppEnv>, reads: boolean): void {
  const origin = c.req.header('origin')
  if (origin !== undefined && !reads && !isSameOrigin(origin, c.req.header('host'))) throw crossSite()
  const site = c.req.header('sec-fetch-site')
  const data = !reads || c.req.path.startsWith('/v1/') || c.req.path === '/metrics'
  if (data && site !== undefined && site !== 'same-origin' && (site !== 'none' || !reads)) throw crossSite()
}

/** Refuses bodies that no route takes, before they are read. */
function checkBody(c: Context<AppEnv>, reads: boolean): void {
  const length = c.req.header('content-length')
  const chunked = c.req.header('transfer-encoding') !== undefined
  if (!chunked && (length === undefined || Number(length) === 0)) return
  if (reads) throw new HttpProblem(400, 'no-body', 'A request that reads has no body')
  if (Number(length ?? 0) > BODY_BYTES_MAX) throw bodyTooLarge()
  if (!JSON_TYPE.test(c.req.header('content-type') ?? '')) {
    throw new HttpProblem(415, 'not-json', 'A body must be application/json')
  }
}

export function bodyTooLarge(): HttpProblem {
  // the rest of it is not read
  return new HttpProblem(413, 'body-too-large', `A body has at most ${BODY_BYTES_MAX} bytes`, {
    headers: { connection: 'close' },
  })
}

function crossSite(): HttpProblem {
  return new HttpProblem(403, 'cross-site', 'The request comes from another page than this interface has')
}

function unauthorised(reads: boolean): HttpProblem {
  return new HttpProblem(401, 'unauthorised', `${reads ? 'Reading' : 'Acting'} needs the node's token or a session`, {
    hint: 'Open the page with "confrere dashboard", or send the token of the file http-token as "Authorization: Bearer".',
    headers: { 'www-authenticate': 'Bearer' },
  })
}
