/** What `data check` and `data add` say of files, in words. @module */

import { printable } from '../../../protocols/encoding/printable.ts'
import type { CheckedFile, DataCheck } from '../../datasets/check.ts'

/** Files that are named one by one on a terminal; JSON has all. */
const FILES_SHOWN = 40

/** Lines for the operator: files that do not fit, then counts. */
export function checkLines(check: DataCheck): string[] {
  const faulty = check.files.filter(({ faults }) => faults > 0)
  const notes = check.files.filter(({ note }) => note !== null)
  const more = faulty.length - FILES_SHOWN
  return [
    ...faulty.slice(0, FILES_SHOWN).flatMap(faultLines),
    ...(more > 0 ? [`... and ${more} more files (--json names all)`] : []),
    ...notes.slice(0, FILES_SHOWN).map(({ file, note }) => `${printable(file)}: note: ${note}`),
    ...countLines(check),
  ]
}

function faultLines({ file, reason, faults, rows }: CheckedFile): string[] {
  const name = file === '' ? 'the file' : printable(file)
  if (rows.length === 0) return [`${name}: ${reason}`]
  return [
    ...rows.slice(0, 3).map(fault => `${name}, row ${fault.row}: ${fault.reason}`),
    ...(faults > 3 ? [`${name}: ${faults} rows do not fit`] : []),
  ]
}

/** The counts alone. */
export function countLines({ files, ...counts }: DataCheck): string[] {
  const { records, labels, splits, patients, duplicates, patientsInTwoSplits, sharedByPatients } = counts
  const fitting = files.filter(({ ok }) => ok).length
  const named = (all: readonly { name: string | null; records: number }[]): string =>
    all.map(({ name, records }) => `${name ?? 'no split'} ${records}`).join(', ')
  return [
    `Files     ${fitting} of ${files.length} ${labels.length === 0 ? 'can be read' : 'fit'}`,
    ...(labels.length === 0 ? [] : [`Records   ${records}: ${named(labels)}`]),
    ...(splits.some(({ name }) => name !== null) ? [`Splits    ${named(splits)}`] : []),
    ...(patients === null ? [] : [`Patients  ${patients}`]),
    ...(duplicates === 0 ? [] : [`Repeats   ${duplicates} files have the content of another`]),
    ...(patientsInTwoSplits === 0
      ? []
      : [
          `Warning   ${patientsInTwoSplits} patients have records in two splits: a test on them would flatter the model`,
        ]),
    ...(sharedByPatients === 0
      ? []
      : [`Warning   ${sharedByPatients} images stand under two patients: correct the ids, or both count with each`]),
  ]
}
