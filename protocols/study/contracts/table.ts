import { z } from 'zod'
import { whole } from '../../encoding/fields.ts'
import { ProtocolError } from '../../errors.ts'
import * as limit from '../limits.ts'
import {
  BOUND_SCHEMA,
  type Bounds,
  CLASSES_SCHEMA,
  type ContractKind,
  checkBounds,
  checkLabels,
  LABELS_SCHEMA,
  NAME_SCHEMA,
  PATIENTS_SCHEMA,
  requireDistinct,
} from './fields.ts'

/** A number: one entry of the record. */
const NUMBER_SCHEMA = z.strictObject({
  name: NAME_SCHEMA,
  type: z.literal('number'),
  low: BOUND_SCHEMA,
  high: BOUND_SCHEMA,
  /** what stands for a missing value; `leave out`: a row without the value is left out */
  missing: z.union([BOUND_SCHEMA, z.literal('leave out')]),
})

/** One of some words: an entry for each, 1 for the one that the row has and 0 for the others. */
const CATEGORY_SCHEMA = z.strictObject({
  name: NAME_SCHEMA,
  type: z.literal('category'),
  values: z.array(NAME_SCHEMA).min(1).max(limit.CATEGORIES_MAX),
  /** `zeros`: a missing value is no category; `leave out`: a row without the value is left out */
  missing: z.enum(['zeros', 'leave out']),
})

const COLUMN_SCHEMA = z.discriminatedUnion('type', [NUMBER_SCHEMA, CATEGORY_SCHEMA])
export type TableColumn = z.output<typeof COLUMN_SCHEMA>

export const TABLE_SCHEMA = z.strictObject({
  kind: z.literal('table'),
  /** entries of a record: see `entriesOf` */
  shape: z.tuple([whole(1, limit.BOUNDS_MAX)]),
  classes: CLASSES_SCHEMA,
  labels: LABELS_SCHEMA,
  patients: PATIENTS_SCHEMA,
  columns: z.array(COLUMN_SCHEMA).min(1).max(limit.BOUNDS_MAX),
  /** column of the label */
  label: NAME_SCHEMA,
  /** column that says whose a row is */
  patient: NAME_SCHEMA.exactOptional(),
  /** column that says what a row is for, such as train or test */
  split: NAME_SCHEMA.exactOptional(),
  /** all columns of a file without a line of names, in their order; absent: the file has such a line */
  header: z.array(NAME_SCHEMA).min(1).max(limit.BOUNDS_MAX).exactOptional(),
  /** texts that mean a missing value, beside the empty one */
  absent: z.array(NAME_SCHEMA).max(limit.ABSENT_MAX),
})
export type TableContract = z.output<typeof TABLE_SCHEMA>

/** Entries of a record that a column fills. */
export function entriesOf(column: TableColumn): number {
  return column.type === 'number' ? 1 : column.values.length
}

/** Rows of CSV, TSV or Parquet files, by a schema of their columns. */
export const TABLE: ContractKind<TableContract> = {
  plural: 'table rows',
  check: contract => {
    checkLabels(contract)
    const { columns, shape, patients, patient, header } = contract
    requireDistinct(
      'malformed-study',
      'Two columns of the contract have the name',
      columns.map(({ name }) => name),
    )
    for (const { name, ...column } of columns) {
      if (column.type === 'number') checkBounds(`contract.columns "${name}"`, [[column.low, column.high]])
      else requireDistinct('malformed-study', `contract.columns "${name}" has twice the value`, column.values)
    }
    const entries = columns.reduce((sum, column) => sum + entriesOf(column), 0)
    if (entries !== shape[0]) {
      throw new ProtocolError(
        'malformed-study',
        `contract.shape is [${shape}], and the columns fill ${entries} entries`,
      )
    }
    if ((patients === true) !== (patient !== undefined)) {
      throw new ProtocolError('malformed-study', 'contract.patients and contract.patient belong together')
    }
    if (header !== undefined) checkHeader(contract, header)
  },
  bounds: ({ columns }) => columns.flatMap(boundsOfColumn),
  sentence: ({ columns }) => `columns ${columns.map(({ name }) => name).join(', ')}`,
}

function boundsOfColumn(column: TableColumn): Bounds[] {
  return column.type === 'number' ? [[column.low, column.high]] : column.values.map(() => [0, 1] as const)
}

function checkHeader({ columns, label, patient, split }: TableContract, header: string[]): void {
  requireDistinct('malformed-study', 'contract.header has twice the column', header)
  const named = [...columns.map(({ name }) => name), label, ...[patient, split].filter(name => name !== undefined)]
  const absent = named.find(name => !header.includes(name))
  if (absent !== undefined) throw new ProtocolError('malformed-study', `contract.header has no column "${absent}"`)
}
