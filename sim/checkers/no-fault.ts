/**
 * Invariant 10, of what the network counts: no honest hospital counts a fault against an honest one, be what came early,
 * late, of another roster or of a round that is over. A fault is what the daemon counts as a strike.
 *
 * @module
 */

import type { CheckerFactory } from '../world/api.ts'
import { Violation } from '../world/violation.ts'

export const NO_FAULT: CheckerFactory = () => ({
  name: 'no-fault',
  invariant: 10,
  fault: (hospital, from, reason) => {
    if (hospital.honest && from.honest)
      throw new Violation(10, `${from.index} has done nothing and is refused: ${reason}`)
  },
})
