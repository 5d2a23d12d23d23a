/** Records of patients who are out. @module */

import { type Dataset, recordsAt } from './dataset.ts'
import { PATIENT_BYTES } from './patients.ts'
import type { Units } from './units.ts'

/** Whether a record is of a patient who is out; where nothing says whose records are, none is. */
export function isWithdrawn(dataset: Dataset, out: ReadonlySet<string>): (record: number) => boolean {
  const { patients, patientHashes } = dataset
  if (patients === undefined || patientHashes === undefined || out.size === 0) return () => false
  const numbers = new Set<number>()
  for (let number = 0; number * PATIENT_BYTES < patientHashes.length; number++) {
    const hash = patientHashes.subarray(number * PATIENT_BYTES, (number + 1) * PATIENT_BYTES)
    if (out.has(Buffer.from(hash).toString('hex'))) numbers.add(number)
  }
  return record => numbers.has(patients[record]!)
}

/** The data set without them; the data set itself when there are none. */
export function withoutWithdrawn(dataset: Dataset, out: ReadonlySet<string>): Dataset {
  const isOut = isWithdrawn(dataset, out)
  const kept = Uint32Array.from({ length: dataset.count }, (_, record) => record).filter(record => !isOut(record))
  return kept.length === dataset.count ? dataset : recordsAt(dataset, kept)
}

/** Units whose patients are not out. A unit's records are all of one patient. */
export function unitsWithoutWithdrawn(units: Units, dataset: Dataset, out: ReadonlySet<string>): Units {
  const isOut = isWithdrawn(dataset, out)
  const kept = Array.from({ length: units.count }, (_, unit) => unit).filter(unit => !isOut(units.recordsOf(unit)[0]!))
  return kept.length === units.count ? units : { count: kept.length, recordsOf: at => units.recordsOf(kept[at]!) }
}
