/** What /v1/datasets and /v1/evidence answer. @module */

import { z } from '@hono/zod-openapi'
import { COUNT, DATASET_NAME, PEER_FIELD, WORDS } from './fields.ts'

const DATASET_SCHEMA = z
  .strictObject({
    name: DATASET_NAME,
    /** of the records: "images", "table" */
    kind: z.string(),
    /** null while it was not read */
    records: COUNT.nullable(),
    /** null where the records name no patients */
    patients: COUNT.nullable(),
    /** names of the studies that take it */
    studies: z.array(z.string()),
    /** in words, why it cannot be read */
    problem: WORDS.nullable(),
  })
  .openapi('Dataset')

/** Names, kinds and counts; no path of a file and no id of a patient. */
export const DATASET_LIST_SCHEMA = z.strictObject({ datasets: z.array(DATASET_SCHEMA) }).openapi('Datasets')

const EVIDENCE_ROW_SCHEMA = z
  .strictObject({
    /** first hex digits of the study's id */
    study: z.string().regex(/^[0-9a-f]{8,64}$/),
    round: COUNT,
    /** what the node called it */
    code: z.string(),
    peer: PEER_FIELD,
    /** name of the hospital, where a roster has it */
    site: z.string().nullable(),
    bytes: COUNT,
    /** what it proves, in words */
    text: WORDS,
  })
  .openapi('EvidenceRow')

export const EVIDENCE_SCHEMA = z.strictObject({ evidence: z.array(EVIDENCE_ROW_SCHEMA) }).openapi('Evidence')

export type DatasetsAnswer = z.infer<typeof DATASET_LIST_SCHEMA>
export type EvidenceAnswer = z.infer<typeof EVIDENCE_SCHEMA>
