// Claims of node/daemon/waiting.ts: a study that lacks hospitals says at once which, how many are needed and why each is away;
// what is learnt about why does not begin the wait anew; a study that moves, or is over, waits for nothing.

import test from 'ava'
import fc from 'fast-check'
import { type Moment, typicalRoundMs, waitedFor } from '../../../node/daemon/waiting.ts'

type Peer = Moment['status']['peers'][number]

const peer = (at: number, state: Peer['state'], reason: string | null = null): Peer => ({
  ...{ peer: `peer-${at}`, site: `Hospital ${at}`, state, reason, reached: null },
})

const moment = (peers: Peer[], changes: Partial<Moment> = {}, status: Partial<Moment['status']> = {}): Moment => ({
  status: { phase: 'training', stage: null, round: 3, rounds: 20, peers, ...status },
  ...{ quorum: peers.length, stillMs: 0, typicalMs: null, isMember: true },
  ...changes,
})

const away = 'Hospital 2: /ip4/192.0.2.7/tcp/1: nothing listens there (connection refused)'

test('a hospital that is needed is named at once, with how many are needed and why it is away', t => {
  const found = waitedFor(moment([peer(0, 'self'), peer(1, 'connected'), peer(2, 'absent', away)]))
  t.is(found?.text, `waiting for Hospital 2 (all 3 are needed: 2 present): ${away}`)
})

test('why it is away may become known later: it is the same wait', t => {
  const before = waitedFor(moment([peer(0, 'self'), peer(1, 'connected'), peer(2, 'absent')]))
  const after = waitedFor(moment([peer(0, 'self'), peer(1, 'connected'), peer(2, 'absent', away)]))
  t.not(before?.text, after?.text)
  t.is(before?.what, after?.what)
  t.not(waitedFor(moment([peer(0, 'self'), peer(1, 'absent'), peer(2, 'absent')]))?.what, after?.what)
})

test('with a quorum present it waits only when the round lasts longer than three typical ones, and 20 s', t => {
  const peers = [...[0, 1, 2].map(at => peer(at, at === 0 ? 'self' : 'connected')), peer(3, 'absent', 'gone')]
  const at = (stillMs: number, typicalMs: number | null) => waitedFor(moment(peers, { quorum: 3, stillMs, typicalMs }))
  t.is(at(20_000, null), null)
  t.is(at(59_000, 20_000), null)
  t.is(at(21_000, 1)?.text, 'round 3 of 20 has not moved for 21 s (training); absent: Hospital 3: gone')
  t.is(at(21_000, 1)?.what, at(99_000, 1)?.what)
})

test('a stage, an admission and catching up are told; a finished study waits for nothing', t => {
  const peers = [peer(0, 'self'), peer(1, 'connected')]
  t.is(waitedFor(moment(peers, {}, { stage: 'reading the records' }))?.text, 'reading the records')
  t.regex(waitedFor(moment(peers, { isMember: false }))?.text ?? '', /admitted/)
  t.is(waitedFor(moment(peers, {}, { phase: 'catching-up' }))?.text, 'catching up: round 3 of 20')
  t.is(waitedFor(moment([peer(0, 'self'), peer(1, 'absent')], {}, { phase: 'finished' })), null)
  // per cent that count on are the same wait
  const loading = (percent: number) => waitedFor(moment(peers, {}, { stage: `reading files of records: ${percent} %` }))
  t.is(loading(5)?.what, loading(60)?.what)
})

test('it waits for hospitals exactly while fewer than a quorum are present, and names at most three', t => {
  const states = fc.array(fc.constantFrom<Peer['state']>('connected', 'absent'), { minLength: 1, maxLength: 40 })
  fc.assert(
    fc.property(states, fc.nat(41), (others, quorum) => {
      const peers = [peer(0, 'self'), ...others.map((state, at) => peer(at + 1, state, 'why'))]
      const absent = others.filter(state => state === 'absent').length
      const found = waitedFor(moment(peers, { quorum: Math.min(quorum, peers.length) }))
      t.is(found !== null, peers.length - absent < Math.min(quorum, peers.length))
      t.true((found?.text.match(/Hospital/g) ?? []).length <= 3)
      t.is(found?.text.includes(`and ${absent - 3} more`) ?? false, found !== null && absent > 3)
    }),
  )
})

test('the typical round is the median of the newest twenty', t => {
  t.is(typicalRoundMs([]), null)
  const old = Array.from({ length: 50 }, () => ({ durationMs: 1_000_000 }))
  const fresh = Array.from({ length: 20 }, (_, at) => ({ durationMs: 100 + at }))
  t.is(typicalRoundMs([...old, ...fresh]), 110)
})
