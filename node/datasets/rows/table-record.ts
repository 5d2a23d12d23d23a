/**
 * A row of a table as a record. Numbers stay in their own units and are not clipped: the contract's bounds scale them
 * later. A category is an entry for each of its values, 1 for the one that the row has.
 *
 * @module
 */

import type { ContractOf } from '../../../protocols/study/contracts/list.ts'
import { entriesOf, type TableColumn } from '../../../protocols/study/contracts/table.ts'
import type { FileFacts, FoundRecord, Reading } from '../reader.ts'
import { absence, cellText, lookup, numberOf } from './cell.ts'
import { belongings, type RowMaker } from './row-maker.ts'
import { type Cell, shownName } from './rows.ts'

/** Rows of a table as records of the contract; see `RowMaker`. */
export function tableRecords(contract: ContractOf<'table'>, reading: Reading, facts: FileFacts): RowMaker {
  const isAbsent = absence(contract.absent)
  const fillers = contract.columns.map(column => fillerOf(column, isAbsent))
  const others = belongings(contract, reading, facts, isAbsent)
  const size = contract.shape[0]
  return {
    columns: [...contract.columns.map(({ name }) => name), ...others.columns],
    record: (cells: readonly Cell[]): FoundRecord | string => {
      const values = new Float32Array(size)
      let at = 0
      for (const [index, { entries, fill }] of fillers.entries()) {
        const reason = fill(cells[index]!, values.subarray(at, at + entries))
        if (reason !== null) return reason
        at += entries
      }
      const rest = others.read(cells.slice(fillers.length))
      return typeof rest === 'string' ? rest : { values, ...rest }
    },
  }
}

/** Fills the entries of one column, which are 0. @returns what is wrong with the cell; null: nothing */
type Fill = (cell: Cell, entries: Float32Array) => string | null

function fillerOf(column: TableColumn, isAbsent: (cell: Cell) => boolean): { entries: number; fill: Fill } {
  const entries = entriesOf(column)
  return { entries, fill: column.type === 'number' ? numberFill(column, isAbsent) : categoryFill(column, isAbsent) }
}

function numberFill({ name, missing }: TableColumn & { type: 'number' }, isAbsent: (cell: Cell) => boolean): Fill {
  return (cell, entries) => {
    if (isAbsent(cell)) {
      if (missing === 'leave out') return leftOut(name)
      entries[0] = missing
      return null
    }
    const number = typeof cell === 'string' ? numberOf(cell.trim()) : Number(cell)
    if (number === null) return notNumber(name, cell as string)
    entries[0] = number
    return Number.isFinite(entries[0]) ? null : notFinite(name)
  }
}

function categoryFill(
  { name, values, missing }: TableColumn & { type: 'category' },
  isAbsent: (cell: Cell) => boolean,
): Fill {
  const normal = values.map(cellText)
  const indexOf = lookup(values, text => {
    const index = normal.indexOf(cellText(text))
    return index < 0 ? null : index
  })
  return (cell, entries) => {
    // a text that the contract lists is a category, even where it also means that nothing is known
    const index = cell === null ? null : indexOf(cell)
    if (index !== null) entries[index] = 1
    else if (!isAbsent(cell)) {
      return `column ${shownName(name)} holds none of the study's ${values.length} categories; write one of them, or nothing`
    } else if (missing === 'leave out') return leftOut(name)
    return null
  }
}

function leftOut(name: string): string {
  return `column ${shownName(name)} holds nothing, and the study leaves such rows out`
}

const INFINITE = /^[+-]?(?:nan|inf|infinity)$/i

function notNumber(name: string, text: string): string {
  const trimmed = text.trim()
  if (INFINITE.test(trimmed)) return notFinite(name)
  if (trimmed.length < 64 && /^[+-]?[\d.' ]*,\d+$/.test(trimmed)) {
    return `column ${shownName(name)} holds a number with a comma; write a point for decimals, and nothing between thousands`
  }
  return `column ${shownName(name)} holds text instead of a number; write a number such as 12.5, or nothing where it is missing`
}

function notFinite(name: string): string {
  return `column ${shownName(name)} holds no finite number; write nothing where the value is missing`
}
