/** What is done through the HTTP interface, for the record of actions. @module */

import type { MiddlewareHandler } from 'hono'
import type { Action } from '../storage/action-log.ts'
import type { AppEnv } from './access.ts'

/** What an action was, and what it was done to: an id of the path. */
export type Deed = Pick<Action, 'actor' | 'way' | 'did' | 'what'>

const READ_METHODS = ['GET', 'HEAD']
/** Logins act on nothing. */
const LOGINS = ['/v1/session', '/v1/login-links', '/login']

/** Tells of every request that did something. */
export function recordDeeds(record: (deed: Deed) => Promise<void>): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    await next()
    if (READ_METHODS.includes(c.req.method) || c.res.status >= 400 || LOGINS.includes(c.req.path)) return
    const [collection, ...ids] = c.req.path.replace('/v1/', '').split('/')
    const byToken = c.req.header('authorization') !== undefined
    const verb = c.req.method === 'DELETE' ? 'withdraw' : ids.length > 1 ? ids.at(-1) : ''
    await record({
      actor: byToken ? 'who has the token' : 'who is logged in on the page',
      way: byToken ? 'http' : 'page',
      did: `${collection} ${verb}`.trim(),
      what: (verb === '' || c.req.method === 'DELETE' ? ids : ids.slice(0, -1)).join(' '),
    })
  }
}
