/** Routes about the node as a whole: for supervisors, for the page, for programs. @module */

import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import type { AppEnv } from '../access.ts'
import { CONTACTS_SCHEMA, PEERS_SCHEMA } from '../api/contacts.ts'
import { DATASET_LIST_SCHEMA, EVIDENCE_SCHEMA } from '../api/data.ts'
import { LIVE_SCHEMA, NODE_SCHEMA, READY_SCHEMA } from '../api/node.ts'
import { PRIVACY_SCHEMA } from '../api/privacy.ts'
import type { NodeFacts } from '../api/view.ts'
import { HttpProblem } from '../problem.ts'
import { FAILS, ok } from './answers.ts'

export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

const LIVEZ = createRoute({
  method: 'get',
  path: '/livez',
  responses: { 200: ok(LIVE_SCHEMA, 'it runs'), 503: ok(LIVE_SCHEMA, 'only a restart helps'), ...FAILS },
})
const READYZ = createRoute({
  method: 'get',
  path: '/readyz',
  responses: { 200: ok(READY_SCHEMA, 'it takes part'), 503: ok(READY_SCHEMA, 'what it waits for'), ...FAILS },
})
const METRICS = createRoute({
  method: 'get',
  path: '/metrics',
  responses: {
    200: { description: 'for Prometheus', content: { [METRICS_TYPE]: { schema: z.string() } } },
    ...FAILS,
  },
})
const NODE = createRoute({
  method: 'get',
  path: '/v1/node',
  responses: { 200: ok(NODE_SCHEMA, 'the node'), ...FAILS },
})
const CONTACTS = createRoute({
  method: 'get',
  path: '/v1/contacts',
  responses: { 200: ok(CONTACTS_SCHEMA, 'hospitals that know this one, or want to'), ...FAILS },
})
const PEERS = createRoute({
  method: 'get',
  path: '/v1/peers',
  responses: { 200: ok(PEERS_SCHEMA, 'hospitals, and how each is reached'), ...FAILS },
})
const PRIVACY = createRoute({
  method: 'get',
  path: '/v1/privacy',
  responses: { 200: ok(PRIVACY_SCHEMA, 'what was spent in which studies'), ...FAILS },
})
const EVIDENCE = createRoute({
  method: 'get',
  path: '/v1/evidence',
  responses: { 200: ok(EVIDENCE_SCHEMA, 'proofs of lies that are kept here'), ...FAILS },
})
const DATASETS = createRoute({
  method: 'get',
  path: '/v1/datasets',
  responses: { 200: ok(DATASET_LIST_SCHEMA, 'data sets by name'), ...FAILS },
})

export interface WatchingParts {
  readonly view: NodeFacts
  /** id of the newest event */
  lastEvent(): number
  /** the text of a scrape */
  metrics(): string | Promise<string>
}

export function addWatching(app: OpenAPIHono<AppEnv>, { view, lastEvent, metrics }: WatchingParts): void {
  app.openapi(LIVEZ, c => {
    const live = view.live()
    return c.json({ live }, live ? 200 : 503)
  })
  app.openapi(READYZ, c => {
    const found = view.ready()
    return c.json(found, found.ready ? 200 : 503)
  })
  app.openapi(METRICS, async c => c.text(await metrics(), 200, { 'content-type': METRICS_TYPE }))
  app.openapi(NODE, async c => {
    // the id first: an event that comes meanwhile is told again rather than lost
    const last = lastEvent()
    return c.json({ ...(await view.node()), lastEvent: last }, 200)
  })
  app.openapi(CONTACTS, async c => c.json(await view.contacts(), 200))
  app.openapi(PEERS, async c => c.json(await view.peers(), 200))
  app.openapi(PRIVACY, async c => {
    const report = await view.privacy()
    if (report === null) throw new HttpProblem(503, 'starting', 'The node is starting', { hint: 'Ask again.' })
    return c.json(report, 200)
  })
  app.openapi(EVIDENCE, async c => c.json(await view.evidence(), 200))
  app.openapi(DATASETS, async c => c.json(await view.datasets(), 200))
}
