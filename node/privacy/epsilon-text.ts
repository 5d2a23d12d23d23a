/** Whom an epsilon is against, in words: whoever shows one shows all three. @module */

import type { Epsilons } from '../../protocols/study/epsilons.ts'

const DIGITS = 4

/** A number as people read it; never rounded down, so that a promise is not made to look better than it is. */
export function epsilonText(epsilon: number): string {
  if (!Number.isFinite(epsilon)) return 'unbounded'
  const unit = 10 ** (DIGITS - 1 - Math.floor(Math.log10(Math.max(epsilon, 1))))
  // a hair below keeps 3 from becoming 3.001 by the last bit of a division
  return String(Math.ceil(epsilon * unit - 1e-9) / unit)
}

/** One sentence's end for each epsilon: "epsilon 3 against …". */
export type ObserverWords = Readonly<Record<keyof Epsilons, string>>

/** @param colluders that the study promises to withstand */
export function observerWords(colluders: number): ObserverWords {
  return {
    colluding: colluders === 1 ? 'any one of the hospitals' : `any ${colluders} hospitals that pool what they know`,
    model: 'everyone who sees the model, if all contributors added their noise',
    alone: 'all other hospitals colluding',
  }
}
