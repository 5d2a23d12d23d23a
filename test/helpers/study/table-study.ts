/** Studies that count a table, for tests. @module */

import { TABLE_SCHEMA, type TableContract } from '../../../protocols/study/contracts/table.ts'
import { NO_OPTIMIZER, tableNorm } from '../../../protocols/study/table.ts'
import type { StudyTable } from '../../../protocols/study/types.ts'
import type { StudyChanges } from './study.ts'

/** Two numbers and a category; what is missing of the second number is counted apart. */
export const TABLE_CONTRACT: TableContract = TABLE_SCHEMA.parse({
  kind: 'table',
  shape: [4],
  classes: ['no', 'yes'],
  label: 'sick',
  absent: ['?'],
  columns: [
    { name: 'age', type: 'number', low: 20, high: 80, missing: 'leave out' },
    { name: 'ward', type: 'category', values: ['a', 'b'], missing: 'zeros' },
    { name: 'weight', type: 'number', low: 40, high: 120, missing: -1 },
  ],
})

/** What a table changes of `testStudy`, with so many rounds. */
export function tableStudy(
  { rounds = 1, ...table }: Partial<StudyTable> & { rounds?: number } = {},
  privacy: Partial<NonNullable<StudyChanges['privacy']>> = {},
): StudyChanges {
  const counted = { columns: ['age', 'weight'], bins: 4, byClass: false, ...table }
  return {
    contract: TABLE_CONTRACT,
    table: counted,
    model: { preset: 'none' },
    optimizer: { ...NO_OPTIMIZER },
    schedule: [{ kind: 'table', rounds }],
    privacy: {
      ...{ noise: 'off', noiseMultiplier: 0, delta: 1e-5, epsilon: 0, colluders: 1, ...privacy },
      ...{ clippingNorm: tableNorm(counted), sampleRate: 2 ** 32 },
    },
  }
}

/** A spec of a table, without hospitals. */
export function tableSpecText(table: string, { top = '', privacy = '' } = {}): string {
  return `
name = "Counted"
units = 400
${top}
[contract]
kind = "table"
shape = [4]
classes = ["no", "yes"]
label = "sick"
absent = ["?"]
columns = [
  { name = "age", type = "number", low = 20, high = 80, missing = "leave out" },
  { name = "ward", type = "category", values = ["a", "b"], missing = "zeros" },
  { name = "weight", type = "number", low = 40, high = 120, missing = -1 },
]
[table]
${table}
[privacy]
epsilon = 1
delta = 1e-4
${privacy}
`
}
