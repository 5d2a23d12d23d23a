/** The three epsilons of some rounds, for tests. @module */

import { createEpsilonAccount, type Epsilons } from '../../../protocols/study/epsilons.ts'
import type { StudyDocument } from '../../../protocols/study/types.ts'

/**
 * The three epsilons after some rounds.
 *
 * @param rounds the number of contributors of each charged round of training
 */
export function epsilonsOf(document: StudyDocument, { rounds }: { rounds: readonly number[] }): Epsilons {
  const account = createEpsilonAccount(document)
  for (const contributors of rounds) account.charge({ contributors })
  return account.epsilons()
}
