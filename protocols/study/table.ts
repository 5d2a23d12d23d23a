/**
 * What a round of a table adds up, in studies that train nothing: label counts and, of chosen columns, counts in bins and
 * sums of values, by class where the study says so.
 *
 * A column whose missing values are a number outside its bounds has a bin of these besides, and they are in no other.
 *
 * A unit adds 1 to the label counts, 1 to the bins of each column and at most 1 to its sum, each shared out over its
 * records: so it moves the vector by at most √(2m + 1) in L2 for m columns. Bins and sum of a column weigh the same. Of
 * weights 1 and w the bins' noise grows with √(1 + w²) and the sum's with √(1 + w²) / w, and w = 1 makes their product
 * least. A mean from the bins alone would be noisier from about eight bins on, and wrong by up to half a bin besides.
 *
 * @module
 */

import { ProtocolError } from '../errors.ts'
import { entriesOf } from './contracts/table.ts'
import { SAMPLE_RATE_ONE } from './limits.ts'
import { roundsOf } from './rounds.ts'
import type { StudyDocument, StudyTable } from './types.ts'

type Counted = Pick<StudyDocument, 'contract' | 'table'>

/** A column that is counted. */
export interface CountedColumn {
  readonly name: string
  /** its place in a record */
  readonly entry: number
  readonly low: number
  readonly high: number
  /** what stands for a missing value, if that is outside the bounds: it is counted apart. Null: none is */
  readonly missing: number | null
}

/** Where the counts of a table stand in its sum. */
export interface TableLayout {
  /** K */
  readonly classes: number
  /** K where columns are counted by class, else 1 */
  readonly groups: number
  /** B */
  readonly bins: number
  readonly columns: readonly CountedColumn[]
  /** words */
  readonly dimension: number
  /** place of a bin of a column, by group; bin B is of missing values, where they are counted */
  readonly binAt: (column: number, group: number, bin: number) => number
  /** place of a column's sum of values, scaled to −1 … 1, by group */
  readonly sumAt: (column: number, group: number) => number
}

/**
 * The layout of a study's table: K label counts, then of each column and group B bins, one of missing values where they are
 * counted, and a sum; null in studies without.
 *
 * @throws ProtocolError `malformed-study` for a column that the contract has not
 */
export function tableLayout({ contract, table }: Counted): TableLayout | null {
  if (table === undefined) return null
  const known = countableColumns(contract)
  const columns = table.columns.map(name => {
    const column = known.find(one => one.name === name)
    if (column === undefined) throw malformed(`columns: the contract has no numeric column "${name}"`)
    return column
  })
  const { bins } = table
  const classes = contract.classes.length
  const groups = table.byClass ? classes : 1
  const sizes = columns.map(({ missing }) => bins + (missing === null ? 0 : 1) + 1)
  const starts = [classes]
  for (const size of sizes) starts.push(starts.at(-1)! + groups * size)
  const start = (column: number, group: number): number => starts[column]! + group * sizes[column]!
  return {
    ...{ classes, groups, bins, columns, dimension: starts.at(-1)! },
    binAt: (column, group, bin) => start(column, group) + bin,
    sumAt: (column, group) => start(column, group) + sizes[column]! - 1,
  }
}

/** The columns of a contract that have numbers and public bounds, in its order; none but of tables. */
export function countableColumns(contract: StudyDocument['contract']): CountedColumn[] {
  if (contract.kind !== 'table') return []
  let entry = 0
  return contract.columns.flatMap(column => {
    const at = entry
    entry += entriesOf(column)
    if (column.type !== 'number') return []
    const { name, low, high } = column
    const isApart = column.missing !== 'leave out' && (column.missing < low || column.missing > high)
    // as a record holds it
    const missing = isApart ? Math.fround(column.missing as number) : null
    return [{ name, entry: at, low, high, missing }]
  })
}

/** The value at which a bin of a column begins; that of B is the upper bound. */
export function tableEdge({ low, high }: CountedColumn, bin: number, bins: number): number {
  return bin === bins ? high : low + ((high - low) * bin) / bins
}

/** The largest Euclidean norm of what one unit adds. */
export function tableNorm({ columns }: Pick<StudyTable, 'columns'>): number {
  return Math.sqrt(2 * columns.length + 1)
}

/** The optimizer of a study without a model: it says nothing, so it is always the same. */
export const NO_OPTIMIZER = { learningRate: 1, momentum: 0, averageDecay: 0 } as const

/**
 * The rules of studies with a table: rounds of that alone, of every unit, with the norm that its columns have, and no
 * model. A study without a table has a model and no such rounds.
 *
 * @throws ProtocolError `malformed-study`
 */
export function requireTableTerms(document: StudyDocument): void {
  const { table, model, optimizer, privacy, normalisation, augmentation, evaluation } = document
  const counts = roundsOf(document, 'table') > 0
  if (counts !== (table !== undefined)) throw malformed('rounds of a table and the term table belong together')
  if ((model.preset === 'none') !== counts) {
    throw malformed('a study with a table has the model "none", and any other study another one')
  }
  if (table === undefined) return
  if (document.contract.kind !== 'table')
    throw malformed(`columns are of tables, not of kind ${document.contract.kind}`)
  if (new Set(table.columns).size < table.columns.length) throw malformed('columns: one is named twice')
  tableLayout(document)
  if (normalisation !== undefined || augmentation !== undefined || evaluation !== null) {
    throw malformed('a study with a table trains nothing: it has no normalisation, augmentation or evaluation')
  }
  const { learningRate, momentum, averageDecay } = NO_OPTIMIZER
  const isNone =
    optimizer.learningRate === learningRate &&
    optimizer.momentum === momentum &&
    optimizer.averageDecay === averageDecay
  if (!isNone) throw malformed('the optimizer of a study with a table is 1, 0, 0')
  if (privacy.sampleRate !== SAMPLE_RATE_ONE || privacy.localSteps !== undefined) {
    throw malformed('a table is of every unit in one step: privacy.sampleRate is 1, and there are no local steps')
  }
  if (privacy.clippingNorm !== tableNorm(table)) {
    throw malformed(`privacy.clippingNorm of ${table.columns.length} columns is ${tableNorm(table)}`)
  }
}

/** Numbers that a checkpoint keeps of a table; 0 in studies without. */
export function tableLength(document: Counted): number {
  return tableLayout(document)?.dimension ?? 0
}

/**
 * The sums of all rounds so far, in units, after one more. + and ÷ only, so they are the same at every peer.
 *
 * @param sum   words as opened
 * @param scale integer units per unit, of the fixed point
 * @throws ProtocolError `length-mismatch`
 */
export function tableAfter(before: Float32Array, sum: Int32Array, scale: number): Float32Array {
  if (sum.length !== before.length) {
    throw new ProtocolError('length-mismatch', `The sum has ${sum.length} words, not the ${before.length} of a table`)
  }
  return before.map((value, at) => value + sum[at]! / scale)
}

function malformed(why: string): ProtocolError {
  return new ProtocolError('malformed-study', `table: ${why}`)
}
