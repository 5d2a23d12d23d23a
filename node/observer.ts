/** Whom an epsilon is against, in words: whoever shows one shows all three. @module */

import type { Epsilons } from '../protocols/study/plan.ts'

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
