/** What /v1/node, /livez and /readyz answer. @module */

import { z } from '@hono/zod-openapi'
import { LOG_LEVELS } from '../../log.ts'
import { COUNT, INSTANT, PEER_FIELD, SITE_FIELD, WAITING_SCHEMA, WORDS } from './fields.ts'

export const LIVE_SCHEMA = z.strictObject({ live: z.boolean() }).openapi('Live')
export const READY_SCHEMA = z.strictObject({ ready: z.boolean(), reasons: z.array(WORDS) }).openapi('Ready')

/** Something that a person should see to. */
export const NODE_PROBLEM_SCHEMA = z
  .strictObject({
    code: z.string(),
    message: WORDS,
    hint: WORDS.nullable(),
    /** when it was first seen */
    since: INSTANT.nullable(),
  })
  .openapi('NodeProblem')

export const NODE_SCHEMA = z
  .strictObject({
    peer: PEER_FIELD,
    site: SITE_FIELD,
    /** the six words that another hospital sees of this one: read them out before you approve each other */
    checkWords: z.array(z.string()).length(6),
    version: z.string(),
    started: INSTANT,
    /** whether it is well, in one sentence */
    state: WORDS,
    /** false when a person must do something */
    well: z.boolean(),
    waiting: WAITING_SCHEMA.nullable(),
    problems: z.array(NODE_PROBLEM_SCHEMA),
    /** tensor engine; null while none is loaded */
    engine: z.string().nullable(),
    /** resident, of the whole process */
    memoryBytes: COUNT,
    eventLoopLagP99Ms: z.number().min(0),
    /** multiaddrs at which others reach this node */
    addresses: z.array(z.string()),
    /** own clock minus the median of all clocks, its own among them; null while no peer is known */
    clockDifferenceMs: z.number().nullable(),
    logLevel: z.enum(LOG_LEVELS),
    /** id of the newest event: a stream that begins after it has everything that this answer has not */
    lastEvent: COUNT,
  })
  .openapi('Node')

export type ReadyAnswer = z.infer<typeof READY_SCHEMA>
export type NodeProblem = z.infer<typeof NODE_PROBLEM_SCHEMA>
export type NodeAnswer = z.infer<typeof NODE_SCHEMA>
