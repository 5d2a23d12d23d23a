// Claim: a flood gets a peer refused, longer each time but never permanently; rare accidents never do.

import test from 'ava'
import fc from 'fast-check'
import { AuthorLimits } from '../../../../node/network/limits/author-limits.ts'
import {
  ANSWER_BYTES_PER_PEER,
  FRAMES_PER_PEER,
  MESSAGES_PER_PEER,
  originLimits,
  patienceMs,
  UNACCOUNTED_BYTES_PER_PEER,
} from '../../../../node/network/limits/limits.ts'
import { PeerGuard } from '../../../../node/network/limits/peer-guard.ts'
import {
  REFUSAL_FORGIVEN_MS,
  REFUSAL_MS_MAX,
  REFUSAL_MS_MIN,
  STRIKE_WEIGHTS,
  STRIKES_MAX,
  type StrikeReason,
  Strikes,
} from '../../../../node/network/limits/strikes.ts'
import { ProtocolError } from '../../../../protocols/errors.ts'
import { handClock } from '../../../helpers/hand-clock.ts'

const PEER = 'peer'

function setUp() {
  const clock = handClock()
  const refusals: number[] = []
  const strikes = new Strikes({ clock, refused: (_, ms) => refusals.push(ms) })
  const offend = () => {
    for (let i = 0; i < 5; i++) strikes.add(PEER, 'bad-frame')
  }
  return { clock, refusals, strikes, offend }
}

test('at the limit a peer is sent away, and may come back later', t => {
  const { clock, strikes, refusals } = setUp()
  for (let i = 0; i < 4; i++) strikes.add(PEER, 'bad-frame')
  t.false(strikes.refuses(PEER))
  strikes.add(PEER, 'bad-frame')
  t.true(strikes.refuses(PEER))
  t.deepEqual(refusals, [REFUSAL_MS_MIN])
  clock.turn(REFUSAL_MS_MIN - 1)
  t.true(strikes.refuses(PEER))
  clock.turn(1)
  t.false(strikes.refuses(PEER))
  t.is(strikes.weight(PEER), 0)
})

test('each refusal is twice as long up to a bound, and good behaviour shortens the next', t => {
  const { clock, strikes, refusals, offend } = setUp()
  for (let i = 0; i < 10; i++) {
    offend()
    clock.turn(refusals.at(-1)!)
    t.false(strikes.refuses(PEER))
  }
  t.deepEqual(refusals.slice(0, 3), [REFUSAL_MS_MIN, 2 * REFUSAL_MS_MIN, 4 * REFUSAL_MS_MIN])
  t.is(refusals.at(-1), REFUSAL_MS_MAX)
  clock.turn(20 * REFUSAL_FORGIVEN_MS)
  offend()
  t.is(refusals.at(-1), REFUSAL_MS_MIN)
})

test('whatever a peer does, it is never refused for longer than the bound', t => {
  const reasons = Object.keys(STRIKE_WEIGHTS) as StrikeReason[]
  const action = fc.record({ waitMs: fc.nat(100_000), reason: fc.constantFrom(...reasons) })
  fc.assert(
    fc.property(fc.array(action, { maxLength: 300 }), actions => {
      const { clock, strikes } = setUp()
      for (const { waitMs, reason } of actions) {
        clock.turn(waitMs)
        strikes.add(PEER, reason)
      }
      clock.turn(REFUSAL_MS_MAX)
      return !strikes.refuses(PEER)
    }),
  )
  t.pass()
})

test('offences that are far apart never add up', t => {
  const { clock, strikes, refusals } = setUp()
  for (let i = 0; i < 1000; i++) {
    strikes.add(PEER, 'bad-frame')
    t.true(strikes.weight(PEER) < STRIKES_MAX)
    clock.turn(30_000)
  }
  t.deepEqual(refusals, [])
})

test('what arrives after a refusal does not lengthen it, and everything is counted', t => {
  const { strikes, refusals, offend } = setUp()
  for (let i = 0; i < 20; i++) offend()
  strikes.add('other', 'too-slow')
  t.is(refusals.length, 1)
  t.deepEqual(strikes.list(), [
    { peer: PEER, reason: 'bad-frame', count: 100 },
    { peer: 'other', reason: 'too-slow', count: 1 },
  ])
})

test('only a fault is held against a peer: silence, and our own errors, are not', t => {
  const guard = new PeerGuard({ clock: handClock(), refused() {} })
  guard.blame(PEER, new Error('reset'))
  guard.blame(PEER, new ProtocolError('stream-ended', '', { action: 'ignore' }))
  t.deepEqual(guard.strikes.list(), [])
  guard.blame(PEER, new ProtocolError('too-slow', ''))
  guard.blame(PEER, new ProtocolError('bad-sync', ''))
  t.deepEqual(
    guard.strikes.list().map(({ reason }) => reason),
    ['too-slow', 'bad-frame'],
  )
})

test('a flood of any kind sends away within a second, the same at an honest pace never does', t => {
  const flood: [string, (guard: PeerGuard) => unknown, number][] = [
    ['messages', guard => guard.says(PEER, { messages: 1, bytes: 300 }), MESSAGES_PER_PEER.perSecond],
    ['requests', guard => guard.requests(PEER), 20],
    ['frames', guard => guard.frames(PEER), FRAMES_PER_PEER.perSecond],
    ['bytes', guard => guard.received(PEER, 1000), UNACCOUNTED_BYTES_PER_PEER.perSecond / 1000],
    ['connections', guard => guard.connects(PEER), 1],
  ]
  for (const [name, act, pace] of flood) {
    const clock = handClock()
    const guard = new PeerGuard({ clock, refused() {} })
    for (let second = 0; second < 100; second++) {
      for (let i = 0; i < pace; i++) act(guard)
      clock.turn(1000)
    }
    t.deepEqual(guard.strikes.list(), [], name)
    for (let i = 0; i < 50_000; i++) act(guard)
    t.true(guard.strikes.refuses(PEER), name)
  }
})

test('bulk that is read as it comes is not stray traffic, at any speed', t => {
  const guard = new PeerGuard({ clock: handClock(), refused() {} })
  for (let i = 0; i < 10_000; i++) {
    guard.received(PEER, 65_536 + 60)
    guard.account(PEER, 65_536)
  }
  t.deepEqual(guard.strikes.list(), [])
})

test('answers run out without an offence', t => {
  const guard = new PeerGuard({ clock: handClock(), refused() {} })
  let given = 0
  while (guard.isAnswered(PEER, 500_000)) given += 500_000
  t.true(given <= ANSWER_BYTES_PER_PEER.capacity)
  t.deepEqual(guard.strikes.list(), [])
})

test('all members together may say no more than one honest peer may pass on', t => {
  for (const members of [3, 4, 10, 33, 100]) {
    const clock = handClock()
    const authorLimits = new AuthorLimits(members, clock)
    const guard = new PeerGuard({ clock, refused() {} })
    // everybody floods for a minute; whatever is admitted is passed on to us
    for (let tick = 0; tick < 600; tick++) {
      for (let member = 0; member < members; member++) {
        for (let i = 0; i < 100; i++)
          if (authorLimits.admits(member, 300)) guard.says(PEER, { messages: 1, bytes: 300 })
      }
      clock.turn(100)
    }
    t.false(guard.strikes.refuses(PEER), `${members} members`)
    t.true(originLimits(members).messages.capacity >= 14 * 4)
  }
})

test('patience grows with the bytes on the study’s slowest line, and fits a timer', t => {
  t.is(patienceMs(0, 1e7), 10_000)
  t.is(patienceMs(1_250_000, 1e7), 13_000)
  t.true(patienceMs(1e9, 1000) < 2 ** 31)
  t.true(Number.isInteger(patienceMs(131_072, 1e7 + 1)))
})
