/** What /v1/status answers: `NodeStatus`, one study of the node seen whole. @module */

import { z } from '@hono/zod-openapi'
import { CHANGE_FIELD, COUNT, PEER_FIELD, ROUND_KIND_FIELD, SITE_FIELD, WAITING_SCHEMA, WORDS } from './fields.ts'
import { NODE_PROBLEM_SCHEMA } from './node.ts'
import { EPSILONS_OF_HOSPITALS_SCHEMA, OBSERVERS_SCHEMA } from './privacy.ts'

const EPSILON = z.number().nullable()

const PEER_STATUS_SCHEMA = z.strictObject({
  peer: PEER_FIELD,
  site: SITE_FIELD,
  state: z.enum(['connected', 'absent', 'self']),
  reason: z.string().nullable(),
  reached: z.string().nullable(),
})

const EPSILON_STATUS_SCHEMA = z.strictObject({
  unit: z.enum(['record', 'patient']),
  copies: COUNT,
  model: EPSILON,
  colluding: EPSILON,
  alone: EPSILON,
  delta: z.number(),
  cap: EPSILON,
  against: OBSERVERS_SCHEMA,
})

export const STATUS_SCHEMA = z
  .strictObject({
    peer: PEER_FIELD,
    site: SITE_FIELD,
    version: z.string(),
    study: z.string().nullable(),
    studyName: z.string().nullable(),
    phase: z.string(),
    stage: z.string().nullable(),
    waiting: WAITING_SCHEMA.nullable(),
    /** of studies with a search: which candidate runs or was chosen, then the certified score of each */
    search: z.array(WORDS).exactOptional(),
    problems: z.array(NODE_PROBLEM_SCHEMA),
    round: COUNT,
    roundKind: ROUND_KIND_FIELD,
    rounds: COUNT,
    view: COUNT,
    peers: z.array(PEER_STATUS_SCHEMA),
    contributors: z.array(PEER_FIELD),
    epsilon: EPSILON_STATUS_SCHEMA.nullable(),
    epsilonsOfPatient: EPSILONS_OF_HOSPITALS_SCHEMA.nullable(),
    population: z.string().nullable(),
    noiseMultiplier: z.number().nullable(),
    engine: z.string().nullable(),
    checkpoint: z.string().nullable(),
    memoryBytes: COUNT,
    eventLoopLagP99Ms: z.number(),
    lastError: z
      .strictObject({ code: z.string(), message: z.string(), hint: z.string().nullable().exactOptional() })
      .nullable(),
    roster: z.strictObject({
      version: COUNT,
      approving: z.string().nullable(),
      /** changes that hospitals of the roster approve */
      approvals: z.array(z.strictObject({ change: CHANGE_FIELD, text: WORDS, by: z.array(PEER_FIELD) })),
    }),
    strikes: z.array(z.strictObject({ peer: PEER_FIELD, reason: z.string(), count: COUNT })),
    evidence: COUNT,
  })
  .openapi('Status')
