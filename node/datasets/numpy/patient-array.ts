/** Whose records are, from an array of an archive. @module */

import { type NumberedPatients, type PatientDoor, PatientNumbers } from '../patients.ts'
import { isNumeric, NpyError, type NpyHeader, numbersOf, textsOf } from './npy.ts'

export interface PatientReader {
  /** Takes the next whole items, in the order of the file. @throws NpyError when one names nobody */
  readonly push: (items: Uint8Array) => void
  readonly finish: () => NumberedPatients
}

/**
 * Prepares to read an array of patients' ids: whole numbers or texts.
 *
 * @param count of records
 * @throws NpyError when there is not one id for each record
 */
export function createPatientReader(header: NpyHeader, count: number, door: PatientDoor): PatientReader {
  const { shape, type } = header
  if (shape[0] !== count || !(shape.length === 1 || (shape.length === 2 && shape[1] === 1))) {
    throw new NpyError(
      `has the shape (${shape.join(', ')}) where ${count} records need (${count},) or (${count}, 1)`,
      'Save one id of a patient for each record.',
    )
  }
  const numbers = new PatientNumbers()
  const patients = new Int32Array(count)
  let record = 0
  const take = (id: string): void => {
    if (id === '') throw new NpyError(`names nobody in record ${record}`, 'Save one id of a patient for each record.')
    patients[record++] = numbers.numberOf(door.keyed(id))
  }
  const push = (items: Uint8Array): void => {
    if (isNumeric(type)) for (const value of numbersOf(type, items)) take(numberText(value, record))
    else for (const text of textsOf(type, items)) take(text.trim())
  }
  return { push, finish: () => ({ patients, patientHashes: numbers.hashes }) }
}

function numberText(value: number, record: number): string {
  if (Number.isSafeInteger(value)) return String(value)
  throw new NpyError(
    `has an id in record ${record} that is no whole number below 2^53`,
    'Save ids as whole numbers or as texts.',
  )
}
