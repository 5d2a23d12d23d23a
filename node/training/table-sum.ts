/** What a hospital adds to a round of a table: its units, counted by label and by the values of columns. @module */

import { type CountedColumn, type TableLayout, tableEdge } from '../../protocols/study/table.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import { type Dataset, valuesOf } from '../datasets/dataset.ts'
import { unitsOf } from '../datasets/units.ts'
import { unitsWithoutWithdrawn } from '../datasets/withdrawn.ts'
import { countedRecords } from './counted.ts'
import type { Trainer } from './trainer.ts'

/** The units that a table is of, and their records. */
interface CountedUnits {
  readonly dataset: Dataset
  readonly units: { readonly count: number; readonly recordsOf: (unit: number) => Uint32Array }
}

/**
 * The sum of a table. Each unit adds 1 in all to the label counts and to the bins of every column, and the mean of its
 * clipped values to the column's sum, in equal shares for each of its records.
 *
 * @returns float64, as long as the layout says
 */
export function tableSum({ dataset, units }: CountedUnits, layout: TableLayout): Float64Array {
  const { bins, columns, dimension, groups, binAt, sumAt } = layout
  const sum = new Float64Array(dimension)
  const read = valuesOf(dataset)
  const values = new Float32Array(dataset.shape.reduce((product, length) => product * length, 1))
  for (let unit = 0; unit < units.count; unit++) {
    const records = units.recordsOf(unit)
    const share = 1 / records.length
    for (const record of records) {
      read(record, values)
      const label = dataset.labels[record]!
      const group = groups === 1 ? 0 : label
      sum[label]! += share
      for (const [at, column] of columns.entries()) {
        if (values[column.entry] === column.missing) {
          sum[binAt(at, group, bins)]! += share
          continue
        }
        const value = clipped(values[column.entry]!, column)
        sum[binAt(at, group, binOfColumn(value, column, bins))]! += share
        sum[sumAt(at, group)]! += share * scaledTo(value, column)
      }
    }
  }
  return sum
}

/** A value within a column's bounds; what is no number is the middle of them. */
function clipped(value: number, { low, high }: CountedColumn): number {
  return Number.isNaN(value) ? (low + high) / 2 : Math.max(low, Math.min(high, value))
}

/** A value within bounds, scaled to −1 … 1. */
function scaledTo(value: number, { low, high }: CountedColumn): number {
  return Math.max(-1, Math.min(1, (2 * (value - low)) / (high - low) - 1))
}

/** The last bin that begins at a value or below it, by the very edges that figures are read at. */
function binOfColumn(value: number, column: CountedColumn, bins: number): number {
  const { low, high } = column
  let bin = Math.max(0, Math.min(bins - 1, Math.floor(((value - low) / (high - low)) * bins)))
  while (bin > 0 && value < tableEdge(column, bin, bins)) bin--
  while (bin < bins - 1 && value >= tableEdge(column, bin + 1, bins)) bin++
  return bin
}

/**
 * The trainer of a study with a table, which trains nothing.
 *
 * @param withdrawn hashes of patients who are out, asked before each round
 */
export function createTableTrainer(
  { document, dataset, engine }: { document: StudyDocument; dataset: Dataset; engine: string },
  {
    layout,
    withdrawn,
    known,
  }: { layout: TableLayout; withdrawn: () => ReadonlySet<string> } & {
    known: Pick<Trainer, 'repeatedRecords' | 'recordCounts'>
  },
): Trainer {
  const records = countedRecords(document, dataset)
  const units = unitsOf(document.unit, records)
  const nothing = (): Float64Array => {
    throw new Error('a study with a table has rounds of that alone')
  }
  return {
    ...{ dimension: layout.dimension, engine, units: units.count, ...known },
    clippedSum: nothing,
    sumOfLargest: nothing,
    statisticsSum: nothing,
    evaluationSum: nothing,
    tableSum: () => tableSum({ dataset: records, units: unitsWithoutWithdrawn(units, records, withdrawn()) }, layout),
    dispose: () => {},
  }
}
