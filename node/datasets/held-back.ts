/**
 * Which units a hospital holds back, to see how well a model does that has never met them. A unit is on one side by its
 * own hash alone, in every study with the same share: who was held back once is never trained on, and the other way round.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import type { StudyDocument } from '../../protocols/study/types.ts'
import type { Dataset } from './dataset.ts'
import { recordHashes } from './distinct.ts'
import { PATIENT_BYTES } from './patients.ts'

const TAG = 'confrere/held-back/1\0'

/**
 * Whether a record is of a unit that is held back; none is in studies without evaluations.
 *
 * Patients are told apart by their hash, which is keyed: nobody else knows who is held back. Where the record is the unit,
 * it goes by its values, so that an image that two hospitals have is on the same side at both.
 */
export function isHeldBack(
  { unit, evaluation }: Pick<StudyDocument, 'unit' | 'evaluation'>,
  dataset: Dataset,
): (record: number) => boolean {
  if (!evaluation) return () => false
  const { share } = evaluation
  const isBack = (name: Uint8Array | string): boolean =>
    createHash('sha256').update(TAG).update(name).digest().readUInt32BE(0) < share
  if (unit === 'record') {
    const hashes = recordHashes(dataset)
    return record => isBack(hashes[record]!)
  }
  const { patients, patientHashes } = dataset
  // a place in this data set is no name: in the next one the patient would be on the other side
  if (patientHashes === undefined) throw new Error('patients are held back by their hashes, and the records have none')
  const known = new Map<number, boolean>()
  return record => {
    const patient = patients?.[record] ?? 0
    const before = known.get(patient)
    if (before !== undefined) return before
    const found = isBack(patientHashes.subarray(patient * PATIENT_BYTES, (patient + 1) * PATIENT_BYTES))
    known.set(patient, found)
    return found
  }
}
