/** What /v1/rounds and /v1/studies/{id}/rounds answer. @module */

import { z } from '@hono/zod-openapi'
import { EVALUATION_OUTCOMES } from '../../../protocols/model/evaluation-state.ts'
import { COUNT, INSTANT, PEER_FIELD, STUDY_FIELD } from './fields.ts'

/** Most rounds in one answer. */
export const ROUNDS_LIMIT_MAX = 10_000

const RECORD = {
  round: COUNT,
  outcome: z.enum(['result', 'void']),
  views: COUNT,
  contributors: z.array(PEER_FIELD),
  durationMs: z.number().min(0),
  trainMs: z.number().min(0),
  /** from the own training step's end to the own checkpoint */
  beyondMs: z.number(),
  bytesSent: COUNT,
  /** hex SHA-256 of the model after it */
  checkpoint: z.string().regex(/^[0-9a-f]*$/),
  /** absent in records of older versions */
  finishedAt: INSTANT.exactOptional(),
}

/** One finished round, seen from this node. */
export const ROUND_RECORD_SCHEMA = z.strictObject(RECORD).openapi('RoundRecord')
export const ROUND_RECORDS_SCHEMA = z.array(ROUND_RECORD_SCHEMA).openapi('RoundRecords')

/** The same with what the page shows beside it. */
export const STUDY_ROUND_SCHEMA = z
  .strictObject({
    ...RECORD,
    /** votes in the stored certificate; null where it is not stored here */
    certificate: z.strictObject({ votes: COUNT }).nullable(),
    /** proofs of lies from this round */
    evidence: COUNT,
    /** the network's own evaluation, which was charged as a part of the study; null without one in this round */
    evaluation: z
      .strictObject({
        /** null where the noise hides it */
        auc: z.number().nullable(),
        /** of the noise */
        deviation: z.number().nullable(),
        outcome: z.enum(EVALUATION_OUTCOMES),
      })
      .nullable(),
  })
  .openapi('StudyRound')

export const STUDY_ROUNDS_SCHEMA = z
  .strictObject({
    study: STUDY_FIELD,
    /** oldest first */
    rounds: z.array(STUDY_ROUND_SCHEMA),
    /** whether there are later ones */
    more: z.boolean(),
  })
  .openapi('StudyRounds')

export type StudyRound = z.infer<typeof STUDY_ROUND_SCHEMA>
