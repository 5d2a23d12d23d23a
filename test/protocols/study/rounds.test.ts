// Claims of protocols/study/rounds.ts: the kind of a round follows from the study's schedule alone.

import test from 'ava'
import fc from 'fast-check'
import type { ScheduledRounds } from '../../../protocols/study/round-kind.ts'
import { mainCharges, roundKind } from '../../../protocols/study/rounds.ts'

test('rounds are counted from 1, or from 0 where the first one sums statistics', t => {
  const stretch = fc.record({
    kind: fc.constantFrom('statistics' as const, 'training' as const),
    rounds: fc.integer({ min: 1, max: 5 }),
  })
  fc.assert(
    fc.property(fc.array(stretch, { minLength: 1, maxLength: 6 }), (schedule: ScheduledRounds[]) => {
      const kinds = schedule.flatMap(({ kind, rounds }) => Array.from({ length: rounds }, () => kind))
      const first = kinds[0] === 'statistics' ? 0 : 1
      t.deepEqual(
        kinds.map((_, at) => roundKind({ schedule }, first + at)),
        kinds,
      )
      t.is(roundKind({ schedule }, first + kinds.length + 9), kinds.at(-1)!)
      const charges = kinds.map((_, at) => ({ round: first + at }))
      t.is(mainCharges({ schedule }, charges), kinds.filter(kind => kind === 'training').length)
    }),
  )
})
