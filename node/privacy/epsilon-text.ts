/** Epsilons in words: whoever shows one shows all three, says whom each is against, and what none of them covers. @module */

import type { Epsilons } from '../../protocols/study/epsilons.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import {
  type EpsilonOfHospitals,
  type EpsilonOfRecords,
  plannedOfHospitals,
  plannedOfRecords,
} from './patient-epsilons.ts'

const DIGITS = 4
/** What a division leaves beyond these is rounding. */
const DIGITS_EXACT = 12

/** An upper bound on epsilon for display: rounded up, so that a promise does not look better than it is. */
export function epsilonText(epsilon: number): string {
  // subtracting 1e-9 keeps a rounding error of the division from turning 3 into 3.001
  return rounded(epsilon, steps => Math.ceil(steps - 1e-9))
}

/** A lower bound on epsilon, as an audit finds it, for display: rounded down. */
export function epsilonFoundText(epsilon: number): string {
  return rounded(epsilon, steps => Math.floor(steps + 1e-9))
}

function rounded(epsilon: number, round: (steps: number) => number): string {
  if (!Number.isFinite(epsilon)) return 'unbounded'
  const unit = 10 ** (DIGITS - 1 - Math.floor(Math.log10(Math.max(epsilon, 1))))
  // above 10 to the DIGITS the unit is no whole number, and the division not exact
  return String(Number((round(epsilon * unit) / unit).toPrecision(DIGITS_EXACT)))
}

/** What an epsilon is of, by a study's unit of privacy. */
const UNITS: Readonly<Record<StudyDocument['unit'], string>> = {
  record: 'one record (one image, one row)',
  patient: 'one patient (all records of it at a hospital together)',
}
const LESS_PROTECTED: Readonly<Record<StudyDocument['unit'], string>> = {
  record: 'a patient with more records, or known to more hospitals, is less protected',
  patient: 'a patient known to more hospitals is less protected',
}

/** What a study's epsilon is promised to. */
export type Promised = Pick<StudyDocument, 'unit' | 'copies'>

/** "one record (one image, one row)", and at how many hospitals. */
export function promisedText({ unit, copies }: Promised): string {
  return copies === 1 ? UNITS[unit] : `${UNITS[unit]} at each of up to ${copies} hospitals`
}

/** What every epsilon is of, as a sentence beside them. */
export const UNIT_NOTE =
  `Every epsilon is of its study's unit: ${UNITS.record}, or ${UNITS.patient}; at one hospital, or at as many as the study ` +
  `promises it for. Under records, ${LESS_PROTECTED.record}; under patients, ${LESS_PROTECTED.patient}.`

/** The same as a heading above them: "Privacy of …". */
export function unitText(promised: Promised & { readonly delta: number }): string {
  return `${promisedText(promised)} at delta ${promised.delta.toExponential()}; ${LESS_PROTECTED[promised.unit]}`
}

export type EpsilonObserver = keyof Epsilons

/** Against whom the study's target is, and what is charged. */
const CHARGED = 'colluding'

/** In the order in which they are shown: what is charged comes first. */
export const OBSERVERS = ['colluding', 'model', 'alone'] as const satisfies readonly EpsilonObserver[]

/** One sentence's end for each epsilon: "epsilon 3 against …". */
export type ObserverWords = Readonly<Record<EpsilonObserver, string>>

/**
 * Who an observer is, without the condition that the epsilon of the model has.
 *
 * @param colluders that the study promises to withstand
 */
export function observerName(observer: EpsilonObserver, colluders: number): string {
  return {
    colluding: colluders === 1 ? 'any one of the hospitals' : `any ${colluders} hospitals that pool what they know`,
    model: 'everyone who sees the model',
    alone: 'all other hospitals colluding',
  }[observer]
}

/** @param colluders that the study promises to withstand */
export function observerWords(colluders: number): ObserverWords {
  return {
    colluding: observerName('colluding', colluders),
    model: `${observerName('model', colluders)}, if all contributors added their noise`,
    alone: observerName('alone', colluders),
  }
}

/** What is left of a promise to a patient whom several hospitals know. @param against left out where nobody is named */
export function severalHospitalsLine(epsilons: readonly EpsilonOfHospitals[], against?: ObserverWords): string {
  const counts = epsilons.map(({ hospitals }) => hospitals).join(' / ')
  return `a patient known to ${counts} hospitals: ${patientText(epsilons, against)}`
}

/** What is left of a promise to a patient with several records at this hospital. */
export function severalRecordsLine(epsilons: readonly EpsilonOfRecords[], against?: ObserverWords): string {
  const counts = epsilons.map(({ records }) => records).join(' / ')
  return `a patient with ${counts} records here: ${patientText(epsilons, against)}`
}

/** What is left of the promise to patients with more than one record: 0.6 CPU seconds. */
export function patientLines(document: StudyDocument): string[] {
  const against = observerWords(document.privacy.colluders)
  const hospitals = severalHospitalsLine(plannedOfHospitals(document), against)
  return document.unit === 'record' ? [hospitals, severalRecordsLine(plannedOfRecords(document), against)] : [hospitals]
}

/** What is charged, and where it is known what all others together learn. */
function patientText(
  epsilons: readonly ({ colluding: number } & Partial<Epsilons>)[],
  against?: ObserverWords,
): string {
  const listed = (values: readonly number[]) => values.map(epsilonText).join(' / ')
  const charged = `epsilon ${listed(epsilons.map(({ colluding }) => colluding))}`
  if (against === undefined) return charged
  const alone = epsilons.flatMap(epsilon => epsilon.alone ?? [])
  const others = alone.length < epsilons.length ? '' : `, ${listed(alone)} against ${against.alone}`
  return `${charged} against ${against[CHARGED]}${others}`
}

/**
 * A line for each epsilon that is known, what is charged first.
 *
 * @param epsilons null where one is not known here
 * @param against  as `observerWords` gives it
 * @param charged  what the first line ends with: that this one is charged
 * @param cap      of how much it is charged, where that is to be shown
 */
export function observerLines(
  epsilons: Readonly<Record<EpsilonObserver, number | null>>,
  against: ObserverWords,
  { charged, cap }: { readonly charged: string; readonly cap?: number },
): string[] {
  return OBSERVERS.flatMap(observer => {
    const epsilon = epsilons[observer]
    if (epsilon === null) return []
    if (observer !== CHARGED) return [`epsilon ${epsilonText(epsilon)} against ${against[observer]}`]
    const allowed = cap === undefined ? '' : ` of ${epsilonText(cap)}`
    return [`epsilon ${epsilonText(epsilon)}${allowed} against ${against[observer]}: ${charged}`]
  })
}

/** Whose account it is, in words. @param population null: all patients that are in no population of their own */
export function populationText(population: string | null): string {
  return population === null ? 'the hospital' : `the population "${population}"`
}
