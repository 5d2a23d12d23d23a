/** What files of rows have in common. @module */

import type { OpenedFile } from '../reader.ts'

/** A value of a row: text of a CSV file is not interpreted, whole numbers beyond 2^53 are text. */
export type Cell = string | number | boolean | null

/** A row of a file: `cells` has one entry for each column that was chosen, in their order. */
export type FileRow = { /** from 1, without the line of names */ readonly row: number } & (
  | { readonly cells: readonly Cell[] }
  | { readonly reason: string }
)

export interface RowsWanted {
  /** names of all columns of a CSV file without a line of names */
  readonly header?: readonly string[] | undefined
  /**
   * Which columns are read. @param columns of the file, trimmed and in normal form C. @returns indices of `columns`, in the
   * order of a row's cells; null: all that can be read. @throws FileRefused where a column is missing
   */
  readonly choose: (columns: readonly string[]) => readonly number[] | null
}

/**
 * Reads the rows of one file, one after the other.
 *
 * @throws FileRefused when the file or the rest of it cannot be read; errors of the disk itself
 */
export type ReadRows = (file: OpenedFile, wanted: RowsWanted) => AsyncGenerator<FileRow>

/** A column's name as files and contracts are compared. */
export function columnName(name: string): string {
  return name.trim().normalize()
}

/** A column's name as a reason shows it: short, and without control characters. */
export function shownName(name: string): string {
  return `"${name.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, '?').slice(0, 80)}"`
}
