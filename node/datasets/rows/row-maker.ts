/** What a row says of itself beside its values: the label, the patient, the split. @module */

import type { ContractOf } from '../../../protocols/study/contracts/list.ts'
import { classIndexOf } from '../class-index.ts'
import { type FileFacts, type FoundRecord, NO_LABEL, type Reading } from '../reader.ts'
import { cellText, idOf, lookup } from './cell.ts'
import { type Cell, shownName } from './rows.ts'

/** Makes records of rows. */
export interface RowMaker {
  /** names of the columns that it takes, in the order of a row's cells; a name may occur twice */
  readonly columns: readonly string[]
  /** @returns the record, or why the row is none */
  readonly record: (cells: readonly Cell[]) => FoundRecord | string
}

/**
 * Reads label, patient and split of rows. What a file does not say in a column is taken from what is known of the file.
 *
 * @param isAbsent cells that hold nothing
 */
export function belongings(
  contract: ContractOf<'table' | 'text'>,
  { keyed, unlabelled }: Reading,
  facts: FileFacts,
  isAbsent: (cell: Cell) => boolean,
): { columns: readonly string[]; read: (cells: readonly Cell[]) => Omit<FoundRecord, 'values'> | string } {
  if (unlabelled) return { columns: [], read: () => ({ label: NO_LABEL, patient: null, split: null }) }
  const { label, patient, split, classes, labels = [] } = contract
  const columns = [label, patient, split].filter(name => name !== undefined)
  const classOf = lookup([...classes, ...labels.map(([text]) => text)], text => classIndexOf(contract, text))
  const [patientAt, splitAt] = [1, patient === undefined ? 1 : 2]

  const idIn = (cells: readonly Cell[]): string => {
    const cell = patient === undefined ? facts.patient : cells[patientAt]!
    return isAbsent(cell) ? '' : idOf(cell)
  }
  const splitIn = (cells: readonly Cell[]): string | null => {
    const cell = split === undefined ? null : cells[splitAt]!
    return isAbsent(cell) ? facts.split : cellText(cell)
  }
  const read = (cells: readonly Cell[]): Omit<FoundRecord, 'values'> | string => {
    // a text that means a class is a label, even where it also means that nothing is known
    const found = classOf(cells[0]!)
    if (found === null && isAbsent(cells[0]!)) return `column ${shownName(label)} holds no label`
    if (found === null) {
      return `column ${shownName(label)} holds none of the study's classes and labels; write one of them`
    }
    const id = contract.patients === true ? idIn(cells) : null
    if (id === '')
      return patient === undefined
        ? 'nothing says whose it is'
        : `column ${shownName(patient)} does not say whose it is`
    return { label: found, patient: id === null ? null : keyed(id), split: splitIn(cells) }
  }
  return { columns, read }
}
