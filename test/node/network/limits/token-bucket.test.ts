// Claim: a bucket never gives more than its capacity and its rate allow, over any interval.

import test from 'ava'
import fc from 'fast-check'
import { BucketMap, TokenBucket } from '../../../../node/network/limits/token-bucket.ts'
import { handClock } from '../../../helpers/hand-clock.ts'

test('no sequence of takes gets more than capacity + rate × time', t => {
  const action = fc.record({ waitMs: fc.nat(5000), amount: fc.nat(30) })
  fc.assert(
    fc.property(fc.array(action, { maxLength: 200 }), fc.nat(50), fc.nat(20), (actions, capacity, perSecond) => {
      const clock = handClock()
      const bucket = new TokenBucket({ capacity, perSecond }, clock)
      let taken = 0
      for (const { waitMs, amount } of actions) {
        clock.turn(waitMs)
        if (bucket.take(amount)) taken += amount
      }
      return taken <= capacity + (perSecond * clock.now()) / 1000 + 1e-6
    }),
  )
  t.pass()
})

test('what fits is given, what does not fit is left', t => {
  const clock = handClock()
  const bucket = new TokenBucket({ capacity: 10, perSecond: 5 }, clock)
  t.true(bucket.take(7))
  t.false(bucket.take(4))
  t.true(bucket.take(3))
  clock.turn(1000)
  t.is(bucket.level, 5)
  bucket.give(100)
  t.is(bucket.level, 10)
})

test('keys have buckets of their own', t => {
  const buckets = new BucketMap<string>({ capacity: 1, perSecond: 0 }, handClock())
  t.true(buckets.of('a').take(1))
  t.false(buckets.of('a').take(1))
  t.true(buckets.of('b').take(1))
})
