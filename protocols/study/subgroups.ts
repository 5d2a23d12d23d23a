/**
 * Groups of units that an evaluation counts apart, by a column of a table: the values of a category, or bands of a number.
 * A record falls into exactly one group, so what one unit moves in the counts stays the same.
 *
 * @module
 */

import { ProtocolError } from '../errors.ts'
import { requireDistinct } from './contracts/fields.ts'
import { entriesOf, type TableColumn } from './contracts/table.ts'
import type { StudyDocument, StudySubgroups } from './types.ts'

type Evaluated = Pick<StudyDocument, 'contract' | 'evaluation'>

/** The group of records whose value is missing, or none of those that the study names. */
const REST = 'other or missing'

/** The groups of a study. */
export interface Subgroups {
  readonly column: string
  readonly names: readonly string[]
  /** index of a record's group, by its values as they are read: not scaled, not clipped */
  readonly groupOf: (values: ArrayLike<number>) => number
}

/** The groups of a study; null where its evaluations count all units together. */
export function studySubgroups({ contract, evaluation }: Evaluated): Subgroups | null {
  const subgroups = evaluation?.subgroups
  if (subgroups === undefined || contract.kind !== 'table') return null
  const at = contract.columns.findIndex(({ name }) => name === subgroups.column)
  const column = contract.columns[at]!
  const start = contract.columns.slice(0, at).reduce((sum, before) => sum + entriesOf(before), 0)
  return column.type === 'number' ? bandsOf(subgroups, start) : categoriesOf(subgroups, { column, start })
}

function bandsOf({ column, bands = [] }: StudySubgroups, start: number): Subgroups {
  const names = [
    `below ${bands[0]}`,
    ...bands.slice(1).map((band, at) => `${bands[at]} to below ${band}`),
    `${bands.at(-1)} and above`,
  ]
  // values are float32: as a float64 a band may lie just above its own value
  const edges = bands.map(Math.fround)
  return { column, names, groupOf: values => edges.filter(edge => values[start]! >= edge).length }
}

function categoriesOf(
  { column: name, values: named = [] }: StudySubgroups,
  { column, start }: { column: TableColumn & { type: 'category' }; start: number },
): Subgroups {
  const entries = named.map(value => start + column.values.indexOf(value))
  const isComplete = column.missing === 'leave out' && named.length === column.values.length
  const groupOf = (values: ArrayLike<number>): number => {
    const group = entries.findIndex(entry => values[entry] === 1)
    return group < 0 ? entries.length : group
  }
  return { column: name, names: isComplete ? named : [...named, REST], groupOf }
}

/** Checks the groups of a study. @throws ProtocolError `malformed-study` */
export function requireSubgroups({ contract, evaluation }: Evaluated): void {
  const subgroups = evaluation?.subgroups
  if (subgroups === undefined) return
  const { column: name, values, bands } = subgroups
  const wrong = (reason: string) => new ProtocolError('malformed-study', `evaluation.subgroups: ${reason}`)
  if (contract.kind !== 'table') {
    throw wrong(`groups go by a column of a table, and records of the kind "${contract.kind}" have none`)
  }
  const column = contract.columns.find(one => one.name === name)
  if (column === undefined) throw wrong(`the contract has no column "${name}"`)
  if (column.type === 'category') {
    if (values === undefined || bands !== undefined) throw wrong(`"${name}" is a category: it takes values, no bands`)
    requireDistinct('malformed-study', 'evaluation.subgroups has twice the value', values)
    const unknown = values.find(value => !column.values.includes(value))
    if (unknown !== undefined) throw wrong(`"${unknown}" is no value of the column "${name}"`)
    return
  }
  if (bands === undefined || values !== undefined) throw wrong(`"${name}" is a number: it takes bands, no values`)
  if (column.missing !== 'leave out') {
    throw wrong(
      `where "${name}" is missing, ${column.missing} stands for it, and would be a group: leave such rows out`,
    )
  }
  if (bands.some((band, at) => band <= (at === 0 ? column.low : bands[at - 1]!) || band >= column.high)) {
    throw wrong(`bands ascend between the bounds of "${name}", ${column.low} and ${column.high}`)
  }
}
