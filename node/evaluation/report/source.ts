/** What a report is about. @module */

import type { EvaluationFindings } from '../evaluate-sample.ts'

/** Raised when a field of the JSON goes or changes its meaning. */
export const EVALUATION_SCHEMA_VERSION = 1

export interface EvaluatedModel {
  /** name of the study */
  readonly study: string
  /** hex */
  readonly studyId: string
  /** hex */
  readonly checkpoint: string
  readonly round: number
  /** what the operator calls the records: a data set's name, or a file's */
  readonly data: string
  readonly split: string
  /** ISO 8601 */
  readonly written: string
  /** of this program */
  readonly version: string
  /** rows of a list of readings that name no measured record; null: there is no list */
  readonly unmatched: readonly number[] | null
}

export interface EvaluationReport {
  readonly about: EvaluatedModel
  readonly findings: EvaluationFindings
}

export const NOT_A_DEVICE =
  'Research tool, not a medical device. Nothing here is a basis for a decision about a patient.'

export const PRIVATE_FIGURES =
  'These figures are about private records. No epsilon of the study covers them, and small groups can tell of single patients: keep them here, or have whoever is responsible for the records decide what leaves.'
