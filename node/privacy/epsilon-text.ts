/** The observers that each epsilon protects against, in words; a display of one epsilon shows all three. @module */

import type { Epsilons } from '../../protocols/study/epsilons.ts'

const DIGITS = 4

/** An epsilon for display; never rounded down, so that a promise does not look better than it is. */
export function epsilonText(epsilon: number): string {
  if (!Number.isFinite(epsilon)) return 'unbounded'
  const unit = 10 ** (DIGITS - 1 - Math.floor(Math.log10(Math.max(epsilon, 1))))
  // subtracting 1e-9 keeps a rounding error of the division from turning 3 into 3.001
  return String(Math.ceil(epsilon * unit - 1e-9) / unit)
}

/** The observer of each epsilon, as the end of a sentence: "epsilon 3 against …". */
export type ObserverWords = Readonly<Record<keyof Epsilons, string>>

/** @param colluders that the study promises to withstand */
export function observerWords(colluders: number): ObserverWords {
  return {
    colluding: colluders === 1 ? 'any one of the hospitals' : `any ${colluders} hospitals that pool what they know`,
    model: 'everyone who sees the model, if all contributors added their noise',
    alone: 'all other hospitals colluding',
  }
}
