/**
 * Whose records are whose, without saying who: a patient's id becomes a keyed hash where a file is read, and goes no
 * further.
 *
 * @module
 */

import { printable } from '../../protocols/encoding/printable.ts'
import { isNumeric, NpyError, type NpyHeader, numbersOf, textsOf } from './npy.ts'

/** Of HMAC-SHA256: two patients of a billion meet with a probability of 1e-21. */
export const PATIENT_BYTES = 16

/** What a reader does with a patient's id. */
export interface PatientDoor {
  /** HMAC of an id under the hospital's own key, PATIENT_BYTES; the id is trimmed and not empty */
  readonly keyed: (id: string) => Uint8Array
  /** hex of the hashes of patients who are out */
  readonly withdrawn: ReadonlySet<string>
}

/** Numbers patients in the order in which they come. */
export class PatientNumbers {
  readonly #numbers = new Map<string, number>()
  readonly #hashes: Uint8Array[] = []

  /** The number of a patient, by the keyed hash of its id. */
  numberOf(hash: Uint8Array): number {
    const key = Buffer.from(hash).toString('hex')
    const known = this.#numbers.get(key)
    if (known !== undefined) return known
    const number = this.#hashes.length
    this.#numbers.set(key, number)
    this.#hashes.push(hash)
    return number
  }

  /** one after the other: PATIENT_BYTES for each number */
  get hashes(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.#hashes))
  }
}

/** What `patients` and `patientHashes` of a data set are. */
export interface NumberedPatients {
  readonly patients: Int32Array
  readonly patientHashes: Uint8Array
}

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
    printable(`has an id in record ${record} that is no whole number below 2^53`),
    'Save ids as whole numbers or as texts.',
  )
}
