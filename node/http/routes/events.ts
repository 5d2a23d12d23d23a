/** The stream of events. @module */

import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import type { AppEnv } from '../access.ts'
import { EVENT_SCHEMA, GAP_SCHEMA } from '../api/events.ts'
import { EVENT_STREAMS_MAX, type EventFeed } from '../event-feed.ts'
import { HttpProblem } from '../problem.ts'
import { FAILS } from './answers.ts'

export const EVENTS_TYPE = 'text/event-stream'

const ID = z
  .string()
  .regex(/^\d{1,16}$/, 'is not the id of an event')
  .transform(Number)
  .openapi({ type: 'integer', minimum: 0 })

const EVENTS = createRoute({
  method: 'get',
  path: '/v1/events',
  description:
    'Server-sent events: each has `id`, which grows by one, and as `data` an Event. The event `gap` has as data a Gap: ' +
    'some were lost, so ask for everything again. A comment comes every 15 s.',
  request: {
    query: z.object({ since: ID.optional() }),
    headers: z.object({ 'last-event-id': ID.optional() }),
  },
  responses: {
    200: {
      description: 'events after Last-Event-ID, or `since`, or from now on',
      content: { [EVENTS_TYPE]: { schema: z.string() } },
    },
    ...FAILS,
  },
})

export function addEvents(app: OpenAPIHono<AppEnv>, events: EventFeed): void {
  app.openAPIRegistry.register('Event', EVENT_SCHEMA)
  app.openAPIRegistry.register('Gap', GAP_SCHEMA)
  app.openapi(EVENTS, c => {
    const headers = { 'content-type': EVENTS_TYPE, 'x-accel-buffering': 'no' }
    if (c.req.method === 'HEAD') return c.body(null, 200, headers)
    const since = c.req.valid('header')['last-event-id'] ?? c.req.valid('query').since ?? null
    const stream = events.open(since, c.env?.drop)
    if (stream === null) {
      throw new HttpProblem(503, 'too-many-streams', `${EVENT_STREAMS_MAX} readers follow the events already`, {
        hint: 'Close pages of this node that you do not need.',
      })
    }
    c.env?.keepOpen?.()
    return c.body(stream, 200, headers)
  })
}
