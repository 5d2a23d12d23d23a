/** Routes about studies and their rounds. @module */

import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import type { RoundRecord } from '../../storage/round-record.ts'
import type { AppEnv } from '../access.ts'
import { STUDY_FIELD } from '../api/fields.ts'
import { ROUND_RECORDS_SCHEMA, ROUNDS_LIMIT_MAX, STUDY_ROUNDS_SCHEMA, type StudyRound } from '../api/rounds.ts'
import { STATUS_SCHEMA } from '../api/status.ts'
import { ROSTER_SCHEMA, STUDIES_SCHEMA, STUDY_DETAIL_SCHEMA } from '../api/studies.ts'
import type { NodeFacts } from '../api/view.ts'
import { HttpProblem } from '../problem.ts'
import { FAILS, ok } from './answers.ts'

const LIMIT_DEFAULT = 200

const SINCE = z
  .string()
  .regex(/^(-1|\d{1,9})$/, 'since is the number of a round: the answer has those after it')
  .transform(Number)
  .openapi({ type: 'integer', minimum: -1 })
const LIMIT = z
  .string()
  .regex(/^[1-9]\d{0,4}$/, 'limit is a number of rounds')
  .transform(Number)
  .refine(limit => limit <= ROUNDS_LIMIT_MAX, `limit is at most ${ROUNDS_LIMIT_MAX}`)
  .openapi({ type: 'integer', minimum: 1, maximum: ROUNDS_LIMIT_MAX })

const ONE = { params: z.object({ id: STUDY_FIELD }) }

const STUDIES = createRoute({
  method: 'get',
  path: '/v1/studies',
  responses: { 200: ok(STUDIES_SCHEMA, 'studies of this node, the newest first'), ...FAILS },
})
const STUDY = createRoute({
  method: 'get',
  path: '/v1/studies/{id}',
  request: ONE,
  responses: { 200: ok(STUDY_DETAIL_SCHEMA, 'one study in plain words'), ...FAILS },
})
const ROSTER = createRoute({
  method: 'get',
  path: '/v1/studies/{id}/roster',
  request: ONE,
  responses: { 200: ok(ROSTER_SCHEMA, 'its members, and changes that wait for approval'), ...FAILS },
})
const STUDY_ROUNDS = createRoute({
  method: 'get',
  path: '/v1/studies/{id}/rounds',
  request: { ...ONE, query: z.object({ since: SINCE.optional(), limit: LIMIT.optional() }) },
  responses: { 200: ok(STUDY_ROUNDS_SCHEMA, 'rounds after `since`; without it the newest ones'), ...FAILS },
})
const ROUNDS = createRoute({
  method: 'get',
  path: '/v1/rounds',
  request: {
    query: z.object({ study: STUDY_FIELD.optional(), since: SINCE.default(-1), limit: LIMIT.optional() }),
  },
  responses: { 200: ok(ROUND_RECORDS_SCHEMA, 'rounds of the only or newest study that runs, oldest first'), ...FAILS },
})
const STATUS = createRoute({
  method: 'get',
  path: '/v1/status',
  request: { query: z.object({ study: STUDY_FIELD.optional() }) },
  responses: { 200: ok(STATUS_SCHEMA, 'the only or newest study that runs, seen whole'), ...FAILS },
})

export function addStudies(app: OpenAPIHono<AppEnv>, view: NodeFacts): void {
  app.openapi(STUDIES, async c => c.json(await view.studies(), 200))
  app.openapi(STUDY, async c => c.json(known(await view.study(c.req.valid('param').id)), 200))
  app.openapi(ROSTER, async c => c.json(known(await view.roster(c.req.valid('param').id)), 200))
  app.openapi(STUDY_ROUNDS, async c => {
    const { id } = c.req.valid('param')
    const { since, limit = LIMIT_DEFAULT } = c.req.valid('query')
    const all = known(await view.rounds(id))
    const wanted = since === undefined ? all.slice(-limit) : all.filter(({ round }) => round > since)
    return c.json({ study: id, rounds: wanted.slice(0, limit), more: wanted.length > limit }, 200)
  })
  app.openapi(ROUNDS, async c => {
    const { study = view.mainStudy(), since, limit } = c.req.valid('query')
    const all = study === null ? [] : known(await view.rounds(study))
    return c.json(
      all
        .filter(({ round }) => round > since)
        .slice(0, limit)
        .map(recordOf),
      200,
    )
  })
  app.openapi(STATUS, c => c.json(known(view.status(c.req.valid('query').study ?? null)), 200))
}

function recordOf({ certificate: _c, evidence: _e, evaluation: _v, ...record }: StudyRound): RoundRecord {
  return record
}

function known<T>(found: T | null): T {
  if (found !== null) return found
  throw new HttpProblem(404, 'unknown-study', 'This node has no such study', {
    hint: '"confrere study list" names those it has.',
  })
}
