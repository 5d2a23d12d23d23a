/** Routes by which a browser is logged in. @module */

import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import { type AppEnv, mayAct } from '../access.ts'
import { LOGIN_LINK_SCHEMA, SESSION_REQUEST, SESSION_SCHEMA } from '../api/actions.ts'
import { HttpProblem } from '../problem.ts'
import type { Sessions } from '../sessions.ts'
import { ACTING, body, FAILS, ok } from './answers.ts'

const ASK = createRoute({
  method: 'get',
  path: '/v1/session',
  responses: { 200: ok(SESSION_SCHEMA, 'whether the caller may act'), ...FAILS },
})
const LOG_IN = createRoute({
  method: 'post',
  path: '/v1/session',
  request: { body: body(SESSION_REQUEST) },
  responses: { 200: ok(SESSION_SCHEMA, 'logged in: the answer sets a cookie'), ...FAILS },
})
const LOG_OUT = createRoute({
  method: 'delete',
  path: '/v1/session',
  responses: { 200: ok(SESSION_SCHEMA, 'logged out'), ...FAILS },
})
const CREATE_LINK = createRoute({
  method: 'post',
  path: '/v1/login-links',
  security: ACTING,
  responses: { 201: ok(LOGIN_LINK_SCHEMA, 'a link that logs a browser in, once'), ...FAILS },
})
const USE_LINK = createRoute({
  method: 'get',
  path: '/login',
  request: { query: z.object({ once: z.string().min(1).max(200) }) },
  responses: { 303: { description: 'logged in: on to the page' }, ...FAILS },
})

/** @param secure whether the interface is served with TLS, so that the cookie may travel with TLS only */
export function addSessions(
  app: OpenAPIHono<AppEnv>,
  { sessions, secure }: { sessions: Sessions; secure: boolean },
): void {
  const remember = (c: Context<AppEnv>, value: string): void => {
    const maxAge = sessions.sessionSeconds
    setCookie(c, sessions.cookie, value, { httpOnly: true, sameSite: 'Strict', path: '/', secure, maxAge })
  }
  app.openapi(ASK, c => c.json({ mayAct: mayAct(c, sessions) }, 200))
  app.openapi(LOG_IN, c => {
    if (!sessions.isToken(c.req.valid('json').token)) {
      throw new HttpProblem(401, 'wrong-token', "That is not this node's token", {
        hint: 'It is in the file http-token of the data folder, and new after every start.',
      })
    }
    remember(c, sessions.createSession())
    return c.json({ mayAct: true }, 200)
  })
  app.openapi(LOG_OUT, c => {
    sessions.endSession(getCookie(c, sessions.cookie) ?? '')
    deleteCookie(c, sessions.cookie, { path: '/', secure })
    return c.json({ mayAct: false }, 200)
  })
  app.openapi(CREATE_LINK, c => {
    const { once, expires } = sessions.createLink()
    return c.json({ path: `/login?once=${once}`, expires: new Date(expires).toISOString() }, 201)
  })
  app.openapi(USE_LINK, c => {
    // a HEAD request, such as a preview makes, must not use the link up
    const value = c.req.method === 'GET' ? sessions.useLink(c.req.valid('query').once) : null
    if (value === null) {
      throw new HttpProblem(401, 'link-used', 'This link was used already, or is older than a minute', {
        hint: 'Call "confrere dashboard" again.',
      })
    }
    remember(c, value)
    return c.redirect('/', 303)
  })
}
