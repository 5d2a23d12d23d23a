/**
 * Epsilons of patients who have more in the data than one unit of privacy: known to several hospitals, or with several
 * records at one.
 *
 * @module
 */

import { epsilonsOfCopies, type Rounds, type Spending, spendingOfSides } from '../../protocols/ledger/spending.ts'
import { type Epsilons, plannedEpsilons } from '../../protocols/study/epsilons.ts'
import { noiseModeOf } from '../../protocols/study/noise/list.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'

/** Numbers of hospitals that a patient may be known to, as they are shown beside every epsilon. */
const HOSPITALS_OF_PATIENT = [1, 2, 3]
/** Numbers of records that a patient may have at one hospital, as they are shown where one record is the unit. */
const RECORDS_OF_PATIENT = [2, 5, 10]

/** What is charged of a patient known to so many hospitals, all of them honest and in the same studies. */
export type EpsilonOfHospitals = { readonly hospitals: number; readonly colluding: number } & Partial<Epsilons>

/** What is charged of a patient with so many records at one hospital. */
export type EpsilonOfRecords = { readonly records: number; readonly colluding: number } & Partial<Epsilons>

/** The numbers of hospitals that are shown. @param copies those that the studies promise their epsilons for */
export function hospitalsShown(copies = 1): number[] {
  return copies > HOSPITALS_OF_PATIENT.length ? [...HOSPITALS_OF_PATIENT, copies] : HOSPITALS_OF_PATIENT
}

/** The epsilons of a study's patients after all rounds, by the number of hospitals that know them: 0.3 CPU seconds. */
export function plannedOfHospitals(document: StudyDocument): EpsilonOfHospitals[] {
  return hospitalsShown(document.copies).map(hospitals => {
    return { hospitals, ...plannedEpsilons(document, { copies: hospitals }) }
  })
}

/** The same by the number of records that a patient has at one hospital. */
export function plannedOfRecords(document: StudyDocument): EpsilonOfRecords[] {
  return RECORDS_OF_PATIENT.map(records => {
    return { records, ...plannedEpsilons(document, { copies: records, holders: 1 }) }
  })
}

/** Anything that gives an epsilon for a number of copies. */
export function pricedFor(epsilonOf: (copies: number) => number): {
  ofHospitals: EpsilonOfHospitals[]
  ofRecords: EpsilonOfRecords[]
} {
  return {
    ofHospitals: hospitalsShown().map(hospitals => ({ hospitals, colluding: epsilonOf(hospitals) })),
    ofRecords: RECORDS_OF_PATIENT.map(records => ({ records, colluding: epsilonOf(records) })),
  }
}

/** Spent rounds, one list for each study, and for whom they are priced. */
export interface Spent {
  readonly studies: readonly (readonly Spending[])[]
  readonly delta: number
  /** numbers of hospitals */
  readonly copies: readonly number[]
}

/** The epsilons of spent rounds, by the number of hospitals; null as long as they are not known. */
export type PatientPrices = (spent: Spent) => readonly EpsilonOfHospitals[] | null

/** Computes them here and now: up to some tenths of a CPU second. */
export const pricedNow: PatientPrices = spent => named(spent, epsilonsOfCopies(spent.studies, spent))

function named({ copies }: Pick<Spent, 'copies'>, epsilons: readonly number[]): EpsilonOfHospitals[] {
  return copies.map((hospitals, at) => ({ hospitals, colluding: epsilons[at]! }))
}

/** What a patient may have paid, as `sidesOfAccount` gives it. */
export type SpentSides = Omit<Spent, 'studies'> & { readonly sides: readonly Spent['studies'][] }

/**
 * The prices of a patient on the side that paid most; null as long as one of them is not known. A patient known to
 * several hospitals may be held back at one and not at another, and pays for both sides.
 */
export function pricesOfSides({ sides, ...at }: SpentSides, price: PatientPrices): EpsilonOfHospitals[] | null {
  const both = (sides[0] ?? []).map((_, study) => sides.flatMap(side => side[study]!))
  const one = sides.map(studies => price({ ...at, studies, copies: at.copies.filter(count => count === 1) }))
  const several = price({ ...at, studies: both, copies: at.copies.filter(count => count !== 1) })
  const known = one.filter(side => side !== null)
  if (several === null || known.length < one.length) return null
  return named(
    { copies: at.copies },
    at.copies.map(count => {
      const found = (count === 1 ? known : [several]).map(side => side.find(({ hospitals }) => hospitals === count)!)
      return Math.max(0, ...found.map(({ colluding }) => colluding))
    }),
  )
}

/** The same by the number of records that a patient has at this hospital. */
export function pricesOfRecords(spent: Omit<SpentSides, 'copies'>, price: PatientPrices): EpsilonOfRecords[] | null {
  const priced = pricesOfSides({ ...spent, copies: RECORDS_OF_PATIENT }, price)
  return priced?.map(({ hospitals, colluding }) => ({ records: hospitals, colluding })) ?? null
}

/** Results that are kept. */
const KNOWN_MAX = 64

/**
 * Prices that another thread computes: null until it has answered, the answer from then on. The first question starts
 * the computation, so that the main thread never waits for an accountant.
 *
 * @param compute as `epsilonsOfCopies`
 */
export function pricedElsewhere(
  compute: (...spent: Parameters<typeof epsilonsOfCopies>) => Promise<number[]>,
): PatientPrices {
  /** null while it is computed */
  const known = new Map<string, EpsilonOfHospitals[] | null>()
  return spent => {
    const key = JSON.stringify(spent)
    const found = known.get(key)
    if (found !== undefined) return found
    known.set(key, null)
    if (known.size > KNOWN_MAX) known.delete(known.keys().next().value as string)
    const { studies, ...at } = spent
    compute(studies, at).then(
      epsilons => known.set(key, named(spent, epsilons)),
      // the thread has ended, and with it the node: whoever asks again is answered again
      () => known.delete(key),
    )
    return null
  }
}

/** The patients' epsilons of some rounds of one study; null where it promises none, too. */
export function pricesOf(document: StudyDocument, rounds: Rounds, price: PatientPrices) {
  if (!noiseModeOf(document.privacy).isPrivate) return null
  const sides = spendingOfSides(document, rounds).map(side => [side])
  return pricesOfSides({ sides, delta: document.privacy.delta, copies: hospitalsShown(document.copies) }, price)
}

/** The same, waiting for what another thread computes. @param compute as `epsilonsOfCopies` */
export async function computedPricesOf(
  document: StudyDocument,
  rounds: Rounds,
  compute: (...spent: Parameters<typeof epsilonsOfCopies>) => Promise<number[]>,
): Promise<EpsilonOfHospitals[] | null> {
  const wanted: Spent[] = []
  pricesOf(document, rounds, spent => {
    wanted.push(spent)
    return null
  })
  const answers = await Promise.all(
    wanted.map(async spent => named(spent, await compute(spent.studies, { delta: spent.delta, copies: spent.copies }))),
  )
  return pricesOf(document, rounds, () => answers.shift()!)
}
