/** What /v1/studies and /v1/studies/{id} answer, with its roster. @module */

import { z } from '@hono/zod-openapi'
import {
  CHANGE_FIELD,
  COUNT,
  DATASET_NAME,
  HOSPITAL_FIELD,
  INSTANT,
  ROUND_KIND_FIELD,
  STUDY_FIELD,
  WAITING_SCHEMA,
  WORDS,
} from './fields.ts'

export const STUDY_STATES = [
  'proposed',
  'approved',
  'starting',
  'running',
  'waiting',
  'finished',
  'failed',
  'left',
] as const

/** One of the three epsilons (privacy.md). */
const EPSILON_SCHEMA = z
  .strictObject({
    observer: z.enum(['colluding', 'model', 'alone']),
    /** spent so far; null where it is unbounded */
    epsilon: z.number().min(0).nullable(),
    /** whom it is against, in words: "any one of the hospitals" */
    against: WORDS,
    /** the whole sentence: "epsilon 1.2 of 3 against any one of the hospitals: what was charged" */
    text: WORDS,
  })
  .openapi('Epsilon')

const STUDY_PRIVACY_SCHEMA = z
  .strictObject({
    /** what is charged comes first */
    epsilons: z.array(EPSILON_SCHEMA).length(3),
    delta: z.number().positive(),
    /** what they are of, in words: "one patient (all records of it at a hospital together)" */
    unit: WORDS,
    /** the smaller of the study's target and what the node's own limit leaves to this study */
    cap: z.number().positive(),
    /** the round before which the cap ends this node's part; null: the cap is enough for all rounds */
    runsOutAtRound: COUNT.nullable(),
    /** what is left of it to a patient whom several hospitals know, in words; null while that is computed */
    severalHospitals: WORDS.nullable(),
  })
  .openapi('StudyPrivacy')

const SUMMARY = {
  id: STUDY_FIELD,
  name: z.string(),
  state: z.enum(STUDY_STATES),
  /** in one sentence */
  text: WORDS,
  /** of the round under way, in one or two words: "training", "sharing masks" */
  phase: z.string().nullable(),
  roundKind: ROUND_KIND_FIELD,
  /** rounds that are finished */
  round: COUNT,
  rounds: COUNT,
  /** at the pace of the last rounds; null while that is not known, and of a study that does not run */
  secondsLeft: z.number().min(0).nullable(),
  waiting: WAITING_SCHEMA.nullable(),
  /** null in a study without promised privacy */
  privacy: STUDY_PRIVACY_SCHEMA.nullable(),
  /** name of this hospital's data set that it takes; null while none is chosen */
  dataset: DATASET_NAME.nullable(),
  /** line by line: what came out of a study that counts a table, or which settings a study tries or has chosen; else empty */
  result: z.array(WORDS),
  /** why it failed, and what to do */
  error: z.strictObject({ code: z.string(), message: WORDS, hint: WORDS.nullable() }).nullable(),
}

export const STUDY_SUMMARY_SCHEMA = z.strictObject(SUMMARY).openapi('StudySummary')
export const STUDIES_SCHEMA = z.strictObject({ studies: z.array(STUDY_SUMMARY_SCHEMA) }).openapi('Studies')

const HOSPITAL_APPROVAL = HOSPITAL_FIELD.extend({
  answer: z.enum(['approved', 'refused', 'none']),
  at: INSTANT.nullable(),
})

/** What the study still needs to begin. */
const STUDY_APPROVAL_SCHEMA = z
  .strictObject({
    proposedBy: HOSPITAL_FIELD.nullable(),
    /** hospitals that must approve before it begins */
    needed: COUNT,
    hospitals: z.array(HOSPITAL_APPROVAL),
    /** whether this hospital can still answer */
    open: z.boolean(),
    /** this hospital's data sets, and whether the study could take each; null: it is found out when the study starts */
    datasets: z.array(z.strictObject({ name: DATASET_NAME, fits: z.boolean().nullable(), reason: WORDS.nullable() })),
  })
  .openapi('StudyApproval')

const DESCRIPTION_SECTION = z
  .strictObject({
    title: WORDS,
    /** paragraphs */
    text: z.array(WORDS),
  })
  .openapi('DescriptionSection')

export const STUDY_DETAIL_SCHEMA = z
  .strictObject({
    ...SUMMARY,
    /** in plain words: what is trained, on which data, what it costs in privacy and whom each epsilon is against, and
     * what happens when somebody is absent */
    description: z.array(DESCRIPTION_SECTION),
    hospitals: z.array(HOSPITAL_FIELD),
    approval: STUDY_APPROVAL_SCHEMA,
  })
  .openapi('Study')

const ROSTER_CHANGE_SCHEMA = z
  .strictObject({
    change: CHANGE_FIELD,
    /** what would change, in words */
    text: WORDS,
    approvedBy: z.array(HOSPITAL_FIELD),
    /** approvals that it needs in all */
    needed: COUNT,
    approvedHere: z.boolean(),
    /** when the study was proposed; null for a change that was not proposed to this hospital */
    since: INSTANT.nullable(),
  })
  .openapi('RosterChange')

export const ROSTER_SCHEMA = z
  .strictObject({
    study: STUDY_FIELD,
    version: COUNT,
    members: z.array(HOSPITAL_FIELD),
    pending: z.array(ROSTER_CHANGE_SCHEMA),
  })
  .openapi('Roster')

export const APPROVE_STUDY_REQUEST = z
  .strictObject({
    /** one of this hospital's data sets */
    dataset: DATASET_NAME,
  })
  .openapi('ApproveStudy')

export type StudySummary = z.infer<typeof STUDY_SUMMARY_SCHEMA>
export type StudiesAnswer = z.infer<typeof STUDIES_SCHEMA>
export type StudyDetail = z.infer<typeof STUDY_DETAIL_SCHEMA>
export type RosterAnswer = z.infer<typeof ROSTER_SCHEMA>
