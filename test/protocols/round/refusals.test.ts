// Claims: what breaks a rule is refused and its signer named: READYs, OPENs, proposals, proofs, releases, strangers. What
// is merely early, late or double is not.

import test from 'ava'
import { sha256 } from '../../../crypto/hash.ts'
import { ProtocolError } from '../../../protocols/errors.ts'
import { hex } from '../../../protocols/immutable.ts'
import { EARLY_PER_MEMBER_MAX } from '../../../protocols/messages/limits.ts'
import { decodeEnvelope, encodeBody, encodeEnvelope, openMessage } from '../../../protocols/messages/messages.ts'
import { valueId } from '../../../protocols/messages/result-value.ts'
import { createContext } from '../../../protocols/round/context.ts'
import { RoundHarness } from '../../helpers/round/round-harness.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'

const HASH = sha256(Buffer.from('some hash'))
const VALUE = Buffer.from('some value')

function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    return error instanceof ProtocolError ? error.code : `${error}`
  }
  return 'accepted'
}

test('a READY after another result, or with a key that fixes the shared secret, is refused', t => {
  const bench = new RoundHarness(4)
  const [one, two, three] = [0, 1, 2, 3].filter(member => member !== bench.self) as [number, number, number]
  t.deepEqual(bench.say(one, bench.ready(one, { previous: HASH })), [`${one} other-result`])
  t.deepEqual(bench.say(two, bench.ready(two, { key: new Uint8Array(32) })), [`${two} low-order-key`])
  const order8 = Buffer.from('e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800', 'hex')
  t.deepEqual(bench.say(three, bench.ready(three, { key: new Uint8Array(order8) })), [`${three} low-order-key`])
  t.is(bench.state.messages.size, 0)
  t.deepEqual(bench.say(one, bench.ready(one)), [], 'a good one still finds its place')
})

test('an OPEN is refused unless it is its proposer’s, ascending, large enough, and made of this round’s READYs', t => {
  const members = [0, 1, 2, 3]
  const refuse = (
    name: string,
    make: (bench: RoundHarness) => [number, ReturnType<RoundHarness['open']>],
    code = 'bad-open',
  ) => {
    const bench = new RoundHarness(4)
    const [from, open] = make(bench)
    t.deepEqual(bench.say(from, open), [`${from} ${code}`], name)
    t.is(bench.state.phases.size, 0, name)
  }
  const proposer = new RoundHarness(4).proposer(0)
  refuse('by another', bench => [bench.self, bench.open(members)], 'not-proposer')
  refuse('too few', bench => [proposer, bench.open([0, 1])])
  refuse('unsorted', bench => [proposer, bench.open([1, 0, 2, 3], { owners: members })])
  refuse('twice the same', bench => [proposer, bench.open([0, 1, 1, 2], { owners: [0, 1, 2] })])
  refuse('owners unsorted', bench => [proposer, bench.open(members, { owners: [1, 0, 2, 3] })])
  refuse('no owners', bench => [proposer, bench.open(members, { owners: [] })])
  refuse('an owner from outside', bench => [proposer, bench.open([0, 1, 2], { owners: [0, 1, 2, 3] })])
  refuse('a willing owner left out of the first view', bench => [proposer, bench.open(members, { owners: [0, 1, 2] })])
  refuse('a MANIFEST for a READY', bench => {
    const manifest = bench.wire(3, { type: 'manifest', view: 0, sid: HASH, root: HASH, commitment: HASH })
    return [proposer, bench.open(members, { readys: [...bench.open([0, 1, 2]).readys, manifest] })]
  })
  refuse('a READY of another round', bench => {
    const other = bench.wire(3, bench.ready(3), { round: 2 })
    return [proposer, bench.open(members, { readys: [...bench.open([0, 1, 2]).readys, other] })]
  })
  const lone = (content: (bench: RoundHarness) => Parameters<RoundHarness['wire']>[1]) => (bench: RoundHarness) =>
    [proposer, bench.open(members, { readys: [...bench.open([0, 1, 2]).readys, bench.wire(3, content(bench))] })] as [
      number,
      ReturnType<RoundHarness['open']>,
    ]
  refuse(
    'a READY after another result',
    lone(bench => bench.ready(3, { previous: HASH })),
    'other-result',
  )
  refuse(
    'a READY with a low-order key',
    lone(bench => bench.ready(3, { key: new Uint8Array(32) })),
    'low-order-key',
  )
  const bench = new RoundHarness(4)
  t.deepEqual(bench.say(proposer, bench.open(members)), [])
  t.is(bench.state.phases.size, 1)
})

test('min|P| is the study’s: with two tolerated colluders three contributors are too few', t => {
  const bench = new RoundHarness(5, { privacy: { ...testStudy(testSigners(5)).privacy, colluders: 2 } })
  t.is(bench.context.contributorsMin, 4)
  t.deepEqual(bench.say(bench.proposer(0), bench.open([0, 1, 2])), [`${bench.proposer(0)} bad-open`])
  t.deepEqual(bench.say(bench.proposer(0), bench.open([0, 1, 2, 3])), [])
})

test('an OPEN with a READY signed by a stranger, or with a broken signature, is refused', t => {
  const bench = new RoundHarness(4)
  const proposer = bench.proposer(0)
  const other = [0, 1, 2, 3].find(member => member !== proposer && member !== bench.self) as number
  const readys = bench.open([0, 1, 2, 3]).readys
  const broken = decodeEnvelope(readys[other] as Uint8Array)
  broken.signature[5]! ^= 1
  t.deepEqual(bench.say(proposer, bench.open([0, 1, 2, 3], { readys: readys.with(other, encodeEnvelope(broken)) })), [
    `${proposer} bad-signature`,
  ])
  const strangers = new RoundHarness(5)
  const stranger = [0, 1, 2, 3, 4].find(member => {
    const { id } = strangers.document.hospitals[member]!
    return !bench.document.hospitals.some(hospital => hex(hospital.id) === hex(id))
  }) as number
  const foreign = strangers.wire(stranger, bench.ready(other), { study: bench.context.study })
  t.deepEqual(bench.say(proposer, bench.open([0, 1, 2, 3], { readys: readys.with(other, foreign) })), [
    `${proposer} not-in-roster`,
  ])
})

test('strangers, other studies, other roster versions and broken signatures do not get through the door', t => {
  const bench = new RoundHarness(4)
  const vote = { type: 'prevote', instance: 'commit', view: 0, value: null } as const
  t.is(
    codeOf(() => bench.message(1, vote)),
    'accepted',
  )
  t.is(
    codeOf(() => bench.message(1, vote, { study: HASH })),
    'other-study',
  )
  t.is(
    codeOf(() => bench.message(1, vote, { roster: 1 })),
    'other-roster',
  )
  const known = new Set(testSigners(4).map(({ id }) => hex(id)))
  const outsider = testSigners(5).find(({ id }) => !known.has(hex(id)))!
  const stranger = createContext({ document: testStudy(testSigners(5)), signer: outsider })
  const { study } = bench.context
  const wire = stranger.seal(encodeBody({ ...vote, study, roster: 0, round: 1 }))
  t.is(
    codeOf(() => openMessage(wire, bench.context)),
    'not-in-roster',
  )
  const envelope = decodeEnvelope(bench.wire(1, vote))
  t.is(
    codeOf(() => openMessage(encodeEnvelope({ ...envelope, signer: bench.document.hospitals[2]!.id }), bench.context)),
    'bad-signature',
  )
})

test('a PROPOSE by anybody but the view’s proposer is refused, in both agreements', t => {
  for (const instance of ['commit', 'result'] as const) {
    const bench = new RoundHarness(4)
    const proposal = { type: 'propose' as const, instance, view: 1, value: VALUE, validView: -1, proof: [] }
    const wrong = bench.proposer(0)
    t.deepEqual(bench.say(wrong, proposal), [`${wrong} not-proposer`])
    t.deepEqual(bench.say(bench.proposer(1), proposal), [])
  }
})

test('a lock is believed only with a quorum’s prevotes for exactly that value, view, round and agreement', t => {
  const view = 1
  const id = valueId(VALUE)
  const propose = (bench: RoundHarness, proof: Uint8Array[], validView = 0) =>
    bench.say(bench.proposer(view), { type: 'propose', instance: 'commit', view, value: VALUE, validView, proof })
  const prevote = { type: 'prevote', instance: 'commit', view: 0, value: id } as const
  const good = (bench: RoundHarness, others: readonly number[] = [0, 1, 2]) =>
    others.map(from => bench.wire(from, prevote))
  const bad: [string, (bench: RoundHarness) => Uint8Array[]][] = [
    ['nothing', () => []],
    ['too few', bench => good(bench, [0, 1])],
    ['one twice', bench => good(bench, [0, 1, 1])],
    ['nil', bench => [...good(bench, [0, 1]), bench.wire(2, { ...prevote, value: null })]],
    ['another value', bench => [...good(bench, [0, 1]), bench.wire(2, { ...prevote, value: HASH })]],
    ['another view', bench => [...good(bench, [0, 1]), bench.wire(2, { ...prevote, view: 1 })]],
    ['another agreement', bench => [...good(bench, [0, 1]), bench.wire(2, { ...prevote, instance: 'result' })]],
    ['precommits', bench => [...good(bench, [0, 1]), bench.wire(2, { ...prevote, type: 'precommit' })]],
    ['another round', bench => [...good(bench, [0, 1]), bench.wire(2, prevote, { round: 2 })]],
  ]
  for (const [name, proof] of bad) {
    const bench = new RoundHarness(4)
    t.deepEqual(propose(bench, proof(bench)), [`${bench.proposer(view)} bad-proof`], name)
  }
  const ahead = new RoundHarness(4)
  t.deepEqual(propose(ahead, good(ahead), 1), [`${ahead.proposer(view)} bad-proof`], 'its own view')
  const bench = new RoundHarness(4)
  t.deepEqual(propose(bench, good(bench)), [])
  t.like(bench.state.commit.valid, { id: hex(id), view: 0 }, 'what we should propose ourselves')
})

test('a certificate is believed only with a quorum’s precommits', t => {
  const bench = new RoundHarness(4)
  const value = Buffer.from('a3', 'hex')
  const precommit = { type: 'precommit', instance: 'commit', view: 0, value: valueId(value) } as const
  const proof = [0, 1, 2].map(from => bench.wire(from, precommit))
  const other = (bench.self + 1) % 4
  t.deepEqual(bench.say(other, { type: 'certificate', view: 0, value, precommits: proof.slice(1) }), [
    `${other} bad-proof`,
  ])
  t.is(bench.state.commit.decision, null)
})

test('what is said twice is one fact; two different things in one slot are proof against who said them', t => {
  const bench = new RoundHarness(4)
  const vote = { type: 'prevote', instance: 'commit', view: 0, value: HASH } as const
  t.deepEqual(bench.say(0, vote), [])
  t.deepEqual(bench.say(0, vote), [])
  t.deepEqual(bench.say(0, { ...vote, value: null }), ['0 equivocation'])
  const blame = bench.effects.find(effect => effect.type === 'blame')
  t.is(blame?.type === 'blame' && blame.evidence?.kind, 'equivocation')
  t.deepEqual(bench.say(0, { ...vote, value: sha256(HASH) }), [], 'one proof is enough')
  t.deepEqual(bench.say(0, { ...vote, view: 1 }), [], 'another slot')
})

test('messages of the next round wait, so many for each member and no more; all other rounds are passed over', t => {
  const bench = new RoundHarness(4)
  const vote = (view: number) => ({ type: 'prevote', instance: 'commit', view, value: null }) as const
  for (let view = 0; view < 2 * EARLY_PER_MEMBER_MAX; view++) bench.say(0, vote(view), { round: 2 })
  t.is(bench.state.early.size, EARLY_PER_MEMBER_MAX)
  bench.say(1, vote(0), { round: 2 })
  t.is(bench.state.early.size, EARLY_PER_MEMBER_MAX + 1, 'one member does not take another’s place')
  bench.say(1, vote(0), { round: 3 })
  bench.say(1, vote(0), { round: 0 })
  t.is(bench.state.early.size, EARLY_PER_MEMBER_MAX + 1)
  t.is(bench.state.messages.size, 0)
})

test('events of another round, unknown sessions and unknown timers change nothing', t => {
  const bench = new RoundHarness(4)
  const before = bench.state
  const sid = 'ab'.repeat(32)
  bench.step({ type: 'trained', round: 2 })
  bench.step({ type: 'computed', round: 0, output: { kind: 'prepare', key: HASH } })
  bench.step({ type: 'chunk', round: 1, sid, chunk: 0, from: 1 })
  bench.step({ type: 'receipt', round: 1, sid, chunk: 0, from: 1 })
  bench.step({ type: 'computed', round: 1, output: { kind: 'reveal', sid, key: HASH } })
  bench.step({ type: 'computed', round: 1, output: { kind: 'sum', sid, attempt: 0, hash: HASH } })
  bench.step({ type: 'computed', round: 1, output: { kind: 'apply', sid, sum: HASH, checkpoint: HASH } })
  t.is(bench.state, before)
})
