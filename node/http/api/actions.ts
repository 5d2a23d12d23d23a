/** Requests and answers of the actions and of the login. @module */

import { z } from '@hono/zod-openapi'
import { LOG_LEVELS } from '../../log.ts'
import { INSTANT, WORDS } from './fields.ts'

/** What was done, in one sentence. */
export const DONE_SCHEMA = z.strictObject({ text: WORDS }).openapi('Done')

export const LOG_LEVEL_SCHEMA = z.strictObject({ level: z.enum(LOG_LEVELS) }).openapi('LogLevel')

export const SESSION_REQUEST = z.strictObject({ token: z.string().min(1).max(200) }).openapi('NewSession')

/** Whether this browser may act. */
export const SESSION_SCHEMA = z.strictObject({ mayAct: z.boolean() }).openapi('Session')

export const LOGIN_LINK_SCHEMA = z
  .strictObject({
    /** path and query of a URL that logs in once; the caller puts the node's address before it */
    path: z.string(),
    expires: INSTANT,
  })
  .openapi('LoginLink')

export type DoneAnswer = z.infer<typeof DONE_SCHEMA>
