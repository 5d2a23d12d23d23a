/** In which rounds the records of patients could be drawn, and what that is worth: for the letter to them. @module */

import { type EntryOf, kindOfCharge } from '../../protocols/ledger/entry.ts'
import type { LedgerState } from '../../protocols/ledger/ledger.ts'
import { epsilonsOfCopies, spendingOf } from '../../protocols/ledger/spending.ts'
import type { RoundKind } from '../../protocols/study/round-kind.ts'
import type { Dataset } from '../datasets/dataset.ts'
import { isWithdrawn } from '../datasets/withdrawn.ts'
import type { DrawnIn } from './withdrawal-letter.ts'

/** A study's records at this hospital. */
export interface StudyRecords {
  /** hex */
  readonly study: string
  readonly dataset: Dataset
}

/** Records of a patient in a data set. @param patient hex of the keyed hash */
export function recordsOfPatient(dataset: Dataset, patient: string): number {
  const isOwn = isWithdrawn(dataset, new Set([patient]))
  let count = 0
  for (let record = 0; record < dataset.count; record++) if (isOwn(record)) count += 1
  return count
}

/** The studies in which a patient's records could be drawn in a round that this hospital was charged for. */
export function historyOf(patient: string, studies: readonly StudyRecords[], ledger: LedgerState): DrawnIn[] {
  return studies.flatMap(({ study, dataset }) => {
    const records = recordsOfPatient(dataset, patient)
    const terms = ledger.study(study)
    return records === 0 || terms === undefined ? [] : drawnIn(ledger.charges(study), { terms, records })
  })
}

function drawnIn(
  charges: readonly EntryOf<'charge'>[],
  { terms, records }: { terms: EntryOf<'study'>; records: number },
): DrawnIn[] {
  const roundsOfKind = (kind: RoundKind) => charges.flatMap(one => (kindOfCharge(one) === kind ? [one.round] : []))
  const [training, statistics] = [roundsOfKind('training'), roundsOfKind('statistics').length]
  if (charges.length === 0) return []
  // whether the patient is held back is not looked up: all that the study may have cost somebody is counted
  const rounds = {
    statistics,
    training: training.length,
    evaluation: roundsOfKind('evaluation').length,
    table: roundsOfKind('table').length,
  }
  const spending = spendingOf(terms, rounds)
  // under records, each of the patient's counts; under patients, all of them together count once
  const copies = [terms.unit === 'patient' ? 1 : records]
  const [epsilon] = epsilonsOfCopies([spending], { delta: terms.delta, copies }) as [number]
  return [
    {
      ...{ name: terms.name, records, statistics: statistics > 0, epsilon, delta: terms.delta },
      from: training.reduce((least, round) => Math.min(least, round), training[0] ?? 0),
      to: training.reduce((most, round) => Math.max(most, round), training[0] ?? 0),
    },
  ]
}
