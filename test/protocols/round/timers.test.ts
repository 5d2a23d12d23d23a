// Claims: two timers have one name only when they are the same; a timer that a round asks for comes back by its tick as
// the one that has ended, and no other has; it is asked for once.

import { isDeepStrictEqual } from 'node:util'
import test from 'ava'
import fc from 'fast-check'
import { endOf } from '../../../protocols/round/once.ts'
import { timerName } from '../../../protocols/round/timers.ts'
import { ended, schedule, type Turn } from '../../../protocols/round/transition.ts'
import { RoundHarness } from '../../helpers/round/round-harness.ts'
import { anyTimer } from '../../helpers/round/timers.ts'

test('two timers have one name only when they are the same', t => {
  fc.assert(
    fc.property(anyTimer, anyTimer, (a, b) => {
      t.is(timerName(a) === timerName(b), isDeepStrictEqual({ ...a }, { ...b }))
    }),
    { numRuns: 2000 },
  )
})

test('a timer is asked for once, and its own tick ends it and no other', t => {
  const bench = new RoundHarness(4)
  const begun = bench.state
  fc.assert(
    fc.property(anyTimer, anyTimer, (timer, other) => {
      fc.pre(timer.kind !== 'lost' && timer.kind !== 'vote' && timerName(timer) !== timerName(other))
      const turn: Turn = { state: begun, effects: [], context: bench.context }
      schedule(turn, timer, 5)
      schedule(turn, timer, 5)
      // what `begin` has asked for already is not asked for again
      t.true(turn.effects.length <= 1)
      for (const effect of turn.effects) t.like(effect, { type: 'schedule', round: 1, timer, afterMs: 5 })
      t.false(ended(turn.state, timer))
      bench.state = turn.state
      bench.step({ type: 'tick', round: 1, timer })
      t.true(ended(bench.state, timer))
      t.is(ended(bench.state, other), turn.state.done.has(endOf(other)))
    }),
    { numRuns: 300 },
  )
})

test('the end of the timer for a lost peer loses that peer, unless it is back', t => {
  for (const back of [false, true]) {
    const bench = new RoundHarness(4)
    const member = (bench.self + 1) % 4
    if (back) bench.step({ type: 'connected', member })
    bench.step({ type: 'tick', round: 1, timer: { kind: 'lost', member } })
    t.is(bench.state.lost.has(member), !back)
  }
})
