/** The table of a study spec: what it stands for, and what does not go with it. @module */

import { z } from 'zod'
import { ProtocolError } from '../../protocols/errors.ts'
import { SAMPLE_RATE_ONE } from '../../protocols/study/limits.ts'
import type { ModelSpec } from '../../protocols/study/models/list.ts'
import { STUDY_TABLE_SCHEMA } from '../../protocols/study/schema.ts'
import { countableColumns, NO_OPTIMIZER, tableNorm } from '../../protocols/study/table.ts'
import type { StudyDocument, StudyTable } from '../../protocols/study/types.ts'
import { EXIT, OperatorError } from '../errors.ts'

/** Any, before the plan says how many are best. */
const BINS_DRAFT = 8

export const TABLE_SPEC_SCHEMA = z.strictObject({
  /** absent: all numeric columns of the contract */
  columns: STUDY_TABLE_SCHEMA.shape.columns.optional(),
  /** absent: those with the least error */
  bins: STUDY_TABLE_SCHEMA.shape.bins.optional(),
  byClass: STUDY_TABLE_SCHEMA.shape.byClass.default(false),
})

type TableSpec = z.output<typeof TABLE_SPEC_SCHEMA>
type Values = Readonly<Record<string, unknown>>

const NO_MODEL: ModelSpec = { preset: 'none' }
/** Tables of a spec that are about training. */
const TRAINING_TABLES = ['model', 'optimizer', 'normalisation', 'evaluation', 'search', 'augmentation']
const TRAINING_KEYS = ['sampleRate', 'clippingNorm', 'localSteps']

/** A spec's values, of one with [table] with what it leaves to the program; any other as it is. */
export function withTableValues(spec: Values): Values {
  if (!isValues(spec['table'])) return spec
  const privacy = spec['privacy']
  return {
    rounds: 1,
    model: NO_MODEL,
    optimizer: NO_OPTIMIZER,
    ...spec,
    // the norm follows from the columns
    ...(isValues(privacy) && { privacy: { sampleRate: 1, clippingNorm: 1, ...privacy } }),
  }
}

/** Refuses what is about training beside [table]. @throws OperatorError `config-invalid`, exit code 3 */
export function refuseTraining(spec: Values, file: string): void {
  if (!isValues(spec['table'])) return
  const privacy = spec['privacy']
  const keys = isValues(privacy) ? TRAINING_KEYS.filter(key => key in privacy).map(key => `privacy.${key}`) : []
  const [found] = [...TRAINING_TABLES.filter(name => name in spec), ...keys]
  if (found === undefined) return
  throw new OperatorError('config-invalid', `${file}: "${found}" does not go with [table], which trains nothing`, {
    hint: `Take "${found}" out of ${file}, or [table] if the study is to train a model.`,
    exitCode: EXIT.config,
  })
}

/**
 * The table of a spec before its bins are chosen, and the terms of the document that follow from it; {} without.
 *
 * @throws ProtocolError `malformed-study` where there is nothing to count
 */
export function draftTable(
  table: TableSpec | undefined,
  { contract, privacy }: Pick<StudyDocument, 'contract' | 'privacy'>,
): Partial<Pick<StudyDocument, 'table' | 'privacy'>> {
  if (table === undefined) return {}
  const { bins = BINS_DRAFT, byClass } = table
  const columns = table.columns ?? countableColumns(contract).map(({ name }) => name)
  if (columns.length === 0) {
    throw new ProtocolError(
      'malformed-study',
      `table: the contract, of kind ${contract.kind}, has no numeric columns to count`,
    )
  }
  const drafted: StudyTable = { columns, bins, byClass }
  return { table: drafted, privacy: { ...privacy, sampleRate: SAMPLE_RATE_ONE, clippingNorm: tableNorm(drafted) } }
}

function isValues(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
