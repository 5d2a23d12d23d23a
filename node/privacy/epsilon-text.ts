/** Epsilons in words: whoever shows one shows all three, says whom each is against, and what none of them covers. @module */

import type { Epsilons } from '../../protocols/study/epsilons.ts'

const DIGITS = 4

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
  return String(round(epsilon * unit) / unit)
}

const UNIT = 'one record (one image, one row)'
const NOT_COVERED = 'a patient with several records is not covered by it'

/** What every epsilon is of, as a sentence beside them. */
export const UNIT_NOTE = `Every epsilon is of ${UNIT}: ${NOT_COVERED}.`

/** The same as a heading above them: "Privacy of …". */
export function unitText(delta: number): string {
  return `${UNIT} at delta ${delta.toExponential()}; ${NOT_COVERED}`
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

/** Numbers of hospitals that a patient may be known to, as they are shown beside the three epsilons. */
export const HOSPITALS_OF_PATIENT = [1, 2, 3] as const

/** What one is promised who is known to several hospitals. @param epsilons of `HOSPITALS_OF_PATIENT`, in that order */
export function severalHospitalsLine(epsilons: readonly number[], against: ObserverWords): string {
  const counts = HOSPITALS_OF_PATIENT.join(' / ')
  return `a patient known to ${counts} hospitals: epsilon ${epsilons.map(epsilonText).join(' / ')} against ${against[CHARGED]}`
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
