// Claims: every kind of message comes back from its wire form as it was; whatever else arrives ends in a ProtocolError
// and nothing but; a message has one slot, and its sender cannot choose another one for the same thing.

import test from 'ava'
import fc from 'fast-check'
import { encode } from '../../../protocols/encoding/codec.ts'
import { ProtocolError } from '../../../protocols/errors.ts'
import { MESSAGE_BYTES_MAX, VIEWS_MAX } from '../../../protocols/messages/limits.ts'
import {
  type Content,
  decodeEnvelope,
  encodeEnvelope,
  openMessage,
  slotOf,
} from '../../../protocols/messages/messages.ts'
import { RoundHarness } from '../../helpers/round/round-harness.ts'

const bench = new RoundHarness(4)
const hash = fc.uint8Array({ minLength: 32, maxLength: 32 })
const view = fc.nat({ max: VIEWS_MAX - 1 })
const rank = fc.nat({ max: 99 })
const blobs = fc.array(fc.uint8Array({ maxLength: 1024 }), { maxLength: 8 })
const instance = fc.constantFrom('commit' as const, 'result' as const)
const vote = { instance, view, value: fc.option(hash) }
const value = fc.uint8Array({ maxLength: 4096 })

/** One arbitrary for each kind of message. */
const CONTENTS = {
  ready: fc.record({ type: fc.constant('ready' as const), previous: hash, key: hash, owner: fc.boolean() }),
  open: fc.record({
    type: fc.constant('open' as const),
    view,
    readys: blobs,
    owners: fc.array(rank, { maxLength: 100 }),
  }),
  manifest: fc.record({ type: fc.constant('manifest' as const), view, sid: hash, root: hash, commitment: hash }),
  loaded: fc.record({ type: fc.constant('loaded' as const), view, sid: hash, chunk: rank, digest: hash }),
  missing: fc.record({
    type: fc.constant('missing' as const),
    view,
    sid: hash,
    chunk: rank,
    members: fc.array(rank, { maxLength: 100 }),
  }),
  propose: fc.record({
    type: fc.constant('propose' as const),
    instance,
    view,
    value,
    validView: fc.integer({ min: -1, max: VIEWS_MAX - 1 }),
    proof: blobs,
  }),
  prevote: fc.record({ type: fc.constant('prevote' as const), ...vote }),
  precommit: fc.record({ type: fc.constant('precommit' as const), ...vote }),
  certificate: fc.record({ type: fc.constant('certificate' as const), view, value, precommits: blobs }),
  release: fc.record({ type: fc.constant('release' as const), sid: hash, key: hash }),
  'chunk-sum': fc.record({ type: fc.constant('chunk-sum' as const), sid: hash, attempt: view, hash }),
  fingerprint: fc.record({
    type: fc.constant('fingerprint' as const),
    sid: hash,
    attempt: view,
    challenge: hash,
    sums: fc.uint8Array({ minLength: 256, maxLength: 256 }),
  }),
  approve: fc.record({ type: fc.constant('approve' as const), change: fc.uint8Array({ maxLength: 4096 }) }),
  'sit-out': fc.record({ type: fc.constant('sit-out' as const) }),
} satisfies { [T in Content['type']]: fc.Arbitrary<Extract<Content, { type: T }>> }

const content: fc.Arbitrary<Content> = fc.oneof(...(Object.values(CONTENTS) as fc.Arbitrary<Content>[]))
const member = fc.nat({ max: 3 })

function refusalOf(wire: Uint8Array): string {
  try {
    openMessage(wire, bench.context)
    return 'accepted'
  } catch (error) {
    if (error instanceof ProtocolError) return error.code
    throw error
  }
}

for (const [type, arbitrary] of Object.entries(CONTENTS)) {
  test(`${type} comes back from its wire form as it was`, t => {
    fc.assert(
      fc.property(member, arbitrary as fc.Arbitrary<Content>, fc.nat({ max: 0xffffffff }), (from, said, round) => {
        const wire = bench.wire(from, said, { round })
        const message = openMessage(wire, bench.context)
        t.deepEqual(message.body, { study: bench.context.study, roster: 0, round, ...said } as typeof message.body)
        t.is(message.from, from)
        t.true(slotOf(message).endsWith(`/${from}`))
      }),
      { numRuns: 25 },
    )
  })
}

test('one changed bit anywhere in an envelope is refused', t => {
  fc.assert(
    fc.property(member, content, fc.nat(), fc.nat({ max: 7 }), (from, said, at, bit) => {
      const wire = bench.wire(from, said).slice()
      wire[at % wire.length]! ^= 1 << bit
      t.not(refusalOf(wire), 'accepted')
    }),
    { numRuns: 300 },
  )
})

test('bytes that nobody sealed, cut short or with more behind them, are refused', t => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), bytes => {
      t.not(refusalOf(bytes), 'accepted')
    }),
    { numRuns: 300 },
  )
  const wire = bench.wire(1, { type: 'prevote', instance: 'commit', view: 0, value: null })
  for (let length = 0; length < wire.length; length++) t.not(refusalOf(wire.subarray(0, length)), 'accepted')
  t.not(refusalOf(Buffer.concat([wire, Uint8Array.of(0)])), 'accepted')
})

test('a signed body that is no message, or has a field too much, too little or out of bounds, is refused', t => {
  const seal = (body: unknown) => (bench.contexts[1] ?? bench.context).seal(encode(body))
  const header = { study: bench.context.study, roster: 0, round: 1 }
  const good = { type: 'prevote', ...header, instance: 'commit', view: 0, value: null }
  t.is(refusalOf(seal(good)), 'accepted')
  const { view: _, ...less } = good
  const bad: unknown[] = [
    null,
    [],
    'prevote',
    less,
    { ...good, more: 1 },
    { ...good, type: 'unheard-of' },
    { ...good, view: VIEWS_MAX },
    { ...good, view: -1 },
    { ...good, view: 0.5 },
    { ...good, value: new Uint8Array(31) },
    { ...good, instance: 'third' },
    { ...good, round: 2 ** 32 },
    { type: 'release', ...header, sid: new Uint8Array(32), key: new Uint8Array(33) },
    { type: 'missing', ...header, view: 0, sid: new Uint8Array(32), chunk: 0, members: [100] },
    { type: 'open', ...header, view: 0, readys: [new Uint8Array(1025)], owners: [] },
  ]
  for (const body of bad) t.is(refusalOf(seal(body)), 'bad-message')
})

test('an envelope of other parts, or larger than gossip carries, is refused before its signature is looked at', t => {
  const { body, signer, signature } = decodeEnvelope(
    bench.wire(1, { type: 'prevote', instance: 'commit', view: 0, value: null }),
  )
  t.is(refusalOf(encode([body, signer])), 'bad-envelope')
  t.is(refusalOf(encode([body, signer, signature.subarray(1)])), 'bad-envelope')
  t.is(refusalOf(encode([body, signer.subarray(1), signature])), 'bad-envelope')
  t.is(refusalOf(encode({ body, signer, signature })), 'bad-envelope')
  t.is(refusalOf(encodeEnvelope({ body: new Uint8Array(MESSAGE_BYTES_MAX), signer, signature })), 'too-large')
})

test('of two messages of one member that differ only in what they claim, both take the same slot', t => {
  const places = ['view', 'instance', 'attempt'] as const
  for (const arbitrary of Object.values(CONTENTS) as fc.Arbitrary<Content>[]) {
    fc.assert(
      fc.property(arbitrary, arbitrary, (one, two) => {
        const moved = { ...two } as Record<string, unknown>
        for (const place of places) if (place in one) moved[place] = one[place as keyof Content]
        t.is(slotOf(bench.message(2, one)), slotOf(bench.message(2, moved as unknown as Content)))
      }),
      { numRuns: 8 },
    )
  }
})
