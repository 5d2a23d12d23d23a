// Claims: what a peer votes for, and when. In a view with two OPENs or two PROPOSEs nothing counts; VOID is voted only
// after our own timer and only against those who are missing for us as well.

import { isDeepStrictEqual } from 'node:util'
import test from 'ava'
import { sha256 } from '../../../crypto/hash.ts'
import { hex } from '../../../protocols/immutable.ts'
import { encodeResultValue, type ResultValue, valueId } from '../../../protocols/messages/result-value.ts'
import type { Timer } from '../../../protocols/round/timers.ts'
import { RoundHarness } from '../../helpers/round/round-harness.ts'

const PROPOSAL: Timer = { kind: 'vote', instance: 'commit', step: 'propose', view: 0 }
const MEMBERS = [0, 1, 2, 3]
const HASH = sha256(Buffer.from('other'))

/** What the last step prevoted: a hex id, nil, or nothing. */
function prevoted(bench: RoundHarness): string {
  const [vote] = bench.published('prevote')
  if (vote === undefined) return 'nothing'
  return vote.value === null ? 'nil' : hex(vote.value)
}

function proposal(value: Uint8Array, instance: 'commit' | 'result' = 'commit') {
  return { type: 'propose' as const, instance, view: 0, value, validView: -1, proof: [] }
}

test('a complete data phase is prevoted for, as proposed and not otherwise', t => {
  for (const change of [false, true]) {
    const bench = new RoundHarness(4)
    const { open, manifests, loaded, value } = bench.session(MEMBERS)
    for (const wire of [open, ...manifests, ...loaded]) bench.hear(wire)
    const other = bench.session(MEMBERS, 'other').value
    bench.say(bench.proposer(0), proposal(change ? other : value))
    t.is(prevoted(bench), change ? 'nil' : hex(valueId(value)))
  }
})

test('a value whose parts are not all here is waited for, then voted down', t => {
  const bench = new RoundHarness(4)
  const { open, manifests, loaded, value } = bench.session(MEMBERS)
  for (const wire of [open, ...manifests, ...loaded.slice(1)]) bench.hear(wire)
  bench.say(bench.proposer(0), proposal(value))
  t.is(prevoted(bench), 'nothing')
  bench.step({ type: 'tick', round: 1, timer: PROPOSAL })
  t.is(prevoted(bench), 'nil')
})

test('a PROPOSE without any OPEN has its time limited too', t => {
  const bench = new RoundHarness(4)
  const { value } = bench.session(MEMBERS)
  bench.say(bench.proposer(0), proposal(value))
  const timer = bench.effects.find(effect => effect.type === 'schedule' && isDeepStrictEqual(effect.timer, PROPOSAL))
  t.truthy(timer)
})

test('two different OPENs of a view: a vote for nothing, at once', t => {
  const bench = new RoundHarness(4)
  bench.hear(bench.session(MEMBERS).open)
  t.is(prevoted(bench), 'nothing')
  t.deepEqual(bench.hear(bench.session([0, 1, 2]).open), [`${bench.proposer(0)} equivocation`])
  t.is(prevoted(bench), 'nil')
})

test('two different PROPOSEs of a view: a vote for nothing, even if the first would do', t => {
  const bench = new RoundHarness(4)
  const { open, manifests, loaded, value } = bench.session(MEMBERS)
  for (const wire of [open, ...manifests, ...loaded.slice(1)]) bench.hear(wire)
  bench.say(bench.proposer(0), proposal(value))
  t.is(prevoted(bench), 'nothing', 'a LOADED is still on its way')
  bench.say(bench.proposer(0), proposal(HASH))
  t.is(prevoted(bench), 'nil')
})

test('whoever has spoken for another OPEN of the view before a restart masks nothing under this one', t => {
  const bench = new RoundHarness(4)
  const { self } = bench
  const other = bench.session(MEMBERS, 'other').opening.sid
  const mine = { type: 'manifest', view: 0, sid: HASH, root: HASH, commitment: HASH } as const
  t.notDeepEqual(other, HASH)
  bench.hear(bench.wire(self, mine))
  bench.step({ type: 'computed', round: 1, output: { kind: 'prepare', key: bench.key(self) } })
  bench.step({ type: 'trained', round: 1 })
  bench.hear(bench.session(MEMBERS).open)
  t.false(bench.effects.some(effect => effect.type === 'compute' || effect.type === 'store'))
  const free = new RoundHarness(4)
  free.step({ type: 'computed', round: 1, output: { kind: 'prepare', key: free.key(self) } })
  free.step({ type: 'trained', round: 1 })
  free.hear(free.session(MEMBERS).open)
  t.deepEqual(
    free.effects.filter(effect => effect.type === 'store' || effect.type === 'compute').map(effect => effect.type),
    ['store', 'compute'],
    'the reservation, then the mask',
  )
})

/** A bench whose first agreement is decided, with these members' releases in. */
function committed(released: readonly number[]): { bench: RoundHarness; sid: Uint8Array } {
  const bench = new RoundHarness(4)
  const { open, opening, manifests, value } = bench.session(MEMBERS)
  for (const wire of [open, ...manifests]) bench.hear(wire)
  const precommits = bench.precommits(value, [0, 1, 2])
  bench.say(bench.proposer(0), { type: 'certificate', view: 0, value, precommits })
  for (const member of released) bench.say(member, { type: 'release', sid: opening.sid, key: bench.selfKey(member) })
  return { bench, sid: opening.sid }
}

test('VOID is voted for only after our own timer', t => {
  const { bench, sid } = committed([])
  const value = encodeResultValue({ outcome: 'void', sid, members: [3] })
  bench.say(bench.proposer(0), proposal(value, 'result'))
  t.is(prevoted(bench), 'nothing')
  bench.step({ type: 'tick', round: 1, timer: { kind: 'void' } })
  t.is(prevoted(bench), hex(valueId(value)))
})

test('two different PROPOSEs in the second agreement: a vote for nothing before we can judge either', t => {
  const { bench, sid } = committed([])
  bench.say(bench.proposer(0), proposal(encodeResultValue({ outcome: 'void', sid, members: [3] }), 'result'))
  bench.say(bench.proposer(0), proposal(encodeResultValue({ outcome: 'void', sid, members: [2] }), 'result'))
  t.is(prevoted(bench), 'nil')
})

test('VOID is voted for only when it names some who are missing for us too, each once, and nobody else', t => {
  const vote = (members: number[], change: Partial<ResultValue> = {}, released = [0, 1]) => {
    const { bench, sid } = committed(released)
    bench.step({ type: 'tick', round: 1, timer: { kind: 'void' } })
    const value = encodeResultValue({ outcome: 'void', sid, members, ...change } as ResultValue)
    bench.say(bench.proposer(0), proposal(value, 'result'))
    return prevoted(bench) === hex(valueId(value)) ? 'yes' : prevoted(bench)
  }
  t.is(vote([2, 3]), 'yes')
  t.is(vote([3]), 'yes')
  t.is(vote([]), 'nil')
  t.is(vote([3, 2]), 'nil')
  t.is(vote([3, 3]), 'nil')
  t.is(vote([1, 3]), 'nil')
  t.is(vote([3], { sid: HASH }), 'nil')
  t.is(vote([0], {}, MEMBERS), 'yes', 'all have released, but nobody could give us its chunk')
})

test('after VOID was possible, releases that still come make a result possible again', t => {
  const { bench } = committed([0, 1])
  bench.step({ type: 'tick', round: 1, timer: { kind: 'void' } })
  const sid = bench.state.commitment!.opening.sid
  for (const member of [2, 3]) bench.say(member, { type: 'release', sid, key: bench.selfKey(member) })
  const [job] = bench.effects.filter(effect => effect.type === 'pull')
  t.truthy(job, 'we own a chunk, and ask for its parts')
})
