/** Arbitrary timers, from few values, so that two are often the same. @module */

import fc from 'fast-check'
import { INSTANCES } from '../../../protocols/messages/limits.ts'
import type { Timer } from '../../../protocols/round/timers.ts'

const number = fc.nat({ max: 2 })

export const anyTimer: fc.Arbitrary<Timer> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('open', 'open-few', 'trained-delay', 'patience', 'void', 'recall'),
  }),
  fc.record({ kind: fc.constantFrom('wait', 'data', 'reports'), view: number }),
  fc.record({ kind: fc.constant('resend' as const), attempt: number }),
  fc.record({ kind: fc.constant('cross-check' as const), challenge: fc.constantFrom('00', '0001', '01') }),
  fc.record({ kind: fc.constant('lost' as const), member: number }),
  fc.record({
    kind: fc.constant('vote' as const),
    instance: fc.constantFrom(...INSTANCES),
    step: fc.constantFrom('propose', 'prevote', 'precommit'),
    view: number,
  }),
)
