/** Agreement beyond chance. @module Cohen, Educational and Psychological Measurement 20, 1960. */

import type { Confusion } from './confusion.ts'

/**
 * Cohen's kappa, unweighted.
 *
 * @param table counts of the first's class (row) by the second's (column)
 * @returns     NaN where there are no records, or both say one class alone
 */
export function cohenKappa(table: Confusion): number {
  const total = table.flat().reduce((sum, count) => sum + count, 0)
  const rows = table.map(row => row.reduce((sum, count) => sum + count, 0))
  const columns = table.map((_, at) => table.reduce((sum, row) => sum + row[at]!, 0))
  const observed = table.reduce((sum, row, at) => sum + row[at]!, 0) / total
  const chance = rows.reduce((sum, count, at) => sum + count * columns[at]!, 0) / total ** 2
  return chance === 1 ? Number.NaN : (observed - chance) / (1 - chance)
}
