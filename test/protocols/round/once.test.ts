// Claims: things that are done once have keys that no other thing has; what is noted once is not done again.

import test from 'ava'
import fc from 'fast-check'
import * as keys from '../../../protocols/round/once.ts'
import { timerName } from '../../../protocols/round/timers.ts'
import { done, once, type Turn } from '../../../protocols/round/transition.ts'
import { RoundHarness } from '../../helpers/round/round-harness.ts'
import { anyTimer } from '../../helpers/round/timers.ts'

const KEYS = { ...keys }
const number = fc.nat({ max: 30 })
const hash = fc.constantFrom('00', '0001', '01', '11')

/** A key, and a text that tells it from all others. */
const anyKey: fc.Arbitrary<readonly [key: keys.OnceKey, of: string]> = fc.oneof(
  fc.constantFrom(
    ...Object.entries(keys).flatMap(([name, key]) => (typeof key === 'string' ? [[key, name] as const] : [])),
  ),
  fc
    .record({
      name: fc.constantFrom('maskOf', 'pullOfSum', 'mismatchUnder', 'applyUnder'),
      hash,
    })
    .map(({ name, hash }) => [KEYS[name](hash), JSON.stringify([name, hash])] as const),
  number.map(attempt => [keys.sumAt(attempt), `sumAt ${attempt}`] as const),
  fc.tuple(hash, number).map(([a, b]) => [keys.fingerprintFor(a, b), `fingerprintFor ${a} ${b}`] as const),
  fc
    .record({ name: fc.constantFrom('pullOfPart', 'refutationOf'), a: number, b: number })
    .map(({ name, a, b }) => [KEYS[name](a, b), JSON.stringify([name, a, b])] as const),
  fc
    .record({ name: fc.constantFrom('asked', 'endOf'), timer: anyTimer })
    .map(({ name, timer }) => [KEYS[name](timer), `${name} ${timerName(timer)}`] as const),
)

test('the generator knows every key', t => {
  const names = 'maskOf pullOfSum mismatchUnder applyUnder sumAt fingerprintFor pullOfPart refutationOf asked endOf'
  const made = Object.entries(keys).filter(([, key]) => typeof key === 'function')
  t.deepEqual(made.map(([name]) => name).sort(), names.split(' ').sort())
})

test('two things have one key only when they are the same', t => {
  fc.assert(
    fc.property(anyKey, anyKey, ([a, first], [b, second]) => {
      t.is(a === b, first === second, `${first} and ${second}`)
    }),
    { numRuns: 5000 },
  )
})

test('what is noted is done, once, and nothing else is', t => {
  const { state, context } = new RoundHarness(4)
  fc.assert(
    fc.property(anyKey, anyKey, ([key], [other]) => {
      const turn: Turn = { state: { ...state, done: new Map() }, effects: [], context }
      t.true(once(turn, key))
      t.false(once(turn, key))
      t.true(done(turn.state, key))
      t.is(done(turn.state, other), key === other)
    }),
  )
})
