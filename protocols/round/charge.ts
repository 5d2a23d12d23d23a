/** Counts what was charged. @module */

import type { Entry } from '../ports.ts'
import { roundKind } from '../study/plan.ts'

export type Charge = Extract<Entry, { kind: 'charge' }>

/** Rounds of training among these: a budget is told in them, and the statistics before are paid for in advance. */
export function trainingCharges(charges: readonly Pick<Charge, 'round'>[]): number {
  return charges.filter(({ round }) => roundKind(round) === 'training').length
}
