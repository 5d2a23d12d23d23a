/** What /v1/privacy answers: the ledger's accounts, as `PrivacyReport` of node/privacy/report.ts has them. @module */

import { z } from '@hono/zod-openapi'
import { COUNT, PEER_FIELD, STUDY_FIELD, WORDS } from './fields.ts'

const EPSILON = z.number().nullable()

/** whom each epsilon is against, in words */
export const OBSERVERS_SCHEMA = z
  .strictObject({ colluding: WORDS, model: WORDS, alone: WORDS })
  .readonly()
  .openapi('Observers')

const EPSILONS = { colluding: EPSILON, model: EPSILON.optional(), alone: EPSILON.optional() }

export const EPSILONS_OF_HOSPITALS_SCHEMA = z
  .array(z.strictObject({ hospitals: COUNT, ...EPSILONS }).readonly())
  .readonly()
const EPSILONS_OF_RECORDS_SCHEMA = z.array(z.strictObject({ records: COUNT, ...EPSILONS }).readonly()).readonly()

const STUDY_SPENDING_SCHEMA = z
  .strictObject({
    study: STUDY_FIELD,
    name: z.string(),
    charged: COUNT,
    rounds: COUNT,
    statistics: z.boolean().nullable(),
    evaluations: COUNT.nullable(),
    delta: z.number(),
    colluders: COUNT,
    cap: EPSILON,
    colluding: EPSILON,
    colludingRenyi: EPSILON,
    model: EPSILON,
    alone: EPSILON,
    unit: z.enum(['record', 'patient']),
    copies: COUNT,
    epsilonsOfPatient: EPSILONS_OF_HOSPITALS_SCHEMA.nullable(),
    epsilonsOfRecords: EPSILONS_OF_RECORDS_SCHEMA.nullable(),
    against: OBSERVERS_SCHEMA,
  })
  .readonly()
  .openapi('StudySpending')

const ACCOUNT_SPENDING_SCHEMA = z
  .strictObject({
    account: COUNT,
    peer: PEER_FIELD.nullable(),
    population: z.string().nullable(),
    delta: z.number(),
    apart: z.boolean(),
    epsilon: EPSILON,
    epsilonsOfPatient: EPSILONS_OF_HOSPITALS_SCHEMA.nullable(),
    cap: EPSILON,
    studies: z.array(STUDY_SPENDING_SCHEMA).readonly(),
  })
  .readonly()
  .openapi('AccountSpending')

export const PRIVACY_SCHEMA = z
  .strictObject({ accounts: z.array(ACCOUNT_SPENDING_SCHEMA).readonly(), note: WORDS })
  .readonly()
  .openapi('Privacy')
