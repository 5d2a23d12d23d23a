/**
 * The patients of records: `names.csv` beside a data set, with a header and unquoted cells; the columns `split`, `row`,
 * `patient` and `label3` are read.
 *
 * @module
 */

import { readFile } from 'node:fs/promises'

/**
 * The patient of each record of a split, by its row.
 *
 * @param labels the records' classes; the file's must be equal, which shows that it belongs to these records
 * @throws Error naming the line that does not fit
 */
export async function readPatients(
  file: string,
  { split, labels }: { split: string; labels: ArrayLike<number> },
): Promise<string[]> {
  return parsePatients(await readFile(file, 'utf8'), { split, labels })
}

/** @throws Error as `readPatients` */
export function parsePatients(text: string, { split, labels }: { split: string; labels: ArrayLike<number> }): string[] {
  const [header, ...lines] = text.trimEnd().split(/\r?\n/)
  const names = header!.split(',')
  const column = (name: string): number => {
    const at = names.indexOf(name)
    if (at < 0) throw new Error(`the names of records have no column "${name}"`)
    return at
  }
  const [splitAt, rowAt, patientAt, labelAt] = ['split', 'row', 'patient', 'label3'].map(column) as [
    ...[number, number, number, number],
  ]
  const patients = new Map<number, string>()
  lines.forEach((line, number) => {
    const wrong = (why: string): Error => new Error(`the names of records, line ${number + 2}: ${why}`)
    if (line.includes('"')) throw wrong('quoted cells are not read')
    const cells = line.split(',')
    if (cells.length !== names.length) throw wrong(`${cells.length} cells, not ${names.length}`)
    if (cells[splitAt] !== split) return
    const row = Number(cells[rowAt])
    if (patients.has(row)) throw wrong(`row ${row} stands there twice`)
    if (labels[row] === undefined || labels[row] !== Number(cells[labelAt])) throw wrong('not the class of that record')
    if (cells[patientAt] === '') throw wrong('no patient')
    patients.set(row, cells[patientAt]!)
  })
  return Array.from({ length: labels.length }, (_, row) => {
    const patient = patients.get(row)
    if (patient === undefined) throw new Error(`the names of records have none for row ${row} of ${split}`)
    return patient
  })
}
