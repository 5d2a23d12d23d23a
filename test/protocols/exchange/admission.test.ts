// Claims: messages of our round and of the next are taken, those of past and of later rounds are not; every message from
// ahead makes us ask its sender; a refused message counts against a peer unless the peer may just know a newer roster.

import test from 'ava'
import fc from 'fast-check'
import { ProtocolError } from '../../../protocols/errors.ts'
import { admissionOf, ROUNDS_AHEAD_MAX, refusalOf } from '../../../protocols/exchange/admission.ts'

const round = fc.nat({ max: 100_000 })

test('a message of our round is taken, and nobody is asked', t => {
  fc.assert(fc.property(round, ours => t.deepEqual(admissionOf(ours, ours), { taken: true, behind: false })))
})

test('a message of the next round is taken, and its sender is ahead', t => {
  t.is(ROUNDS_AHEAD_MAX, 1)
  fc.assert(fc.property(round, ours => t.deepEqual(admissionOf(ours + 1, ours), { taken: true, behind: true })))
})

test('a message of a past round is not taken, and its sender is not ahead', t => {
  const past = fc.integer({ min: 1, max: 100_000 })
  fc.assert(
    fc.property(round, past, (theirs, by) =>
      t.deepEqual(admissionOf(theirs, theirs + by), { taken: false, behind: false }),
    ),
  )
})

test('a message from two rounds ahead or more is not taken, and its sender is ahead', t => {
  const far = fc.integer({ min: 2, max: 2 ** 32 - 1 })
  fc.assert(
    fc.property(round, far, (ours, by) => t.deepEqual(admissionOf(ours + by, ours), { taken: false, behind: true })),
  )
})

test('a refused message is rejected, but not when nobody is at fault or its author is unknown here', t => {
  t.is(refusalOf(new ProtocolError('bad-signature', '')), 'reject')
  t.is(refusalOf(new ProtocolError('other-roster', '', { action: 'ignore' })), 'ignore')
  t.is(refusalOf(new ProtocolError('not-in-roster', '')), 'ignore')
})
