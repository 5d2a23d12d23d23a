/**
 * Whose records are whose, without saying who: a patient's id becomes a keyed hash where a file is read, and goes no
 * further.
 *
 * @module
 */

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
