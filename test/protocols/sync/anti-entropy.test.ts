// Claims: a bitmap names exactly the messages that one holds; an answer is exactly what the asker lacks, as far as the
// bound allows, and the next one goes on from there; what is not a summary or an answer is refused.

import test from 'ava'
import fc from 'fast-check'
import { encode } from '../../../protocols/encoding/codec.ts'
import { ProtocolError } from '../../../protocols/errors.ts'
import { VIEWS_MAX } from '../../../protocols/messages/limits.ts'
import { type Content, type Message, slotOf } from '../../../protocols/messages/messages.ts'
import { createRoster } from '../../../protocols/roster/roster.ts'
import { inSlotOf, messageCount, messagesIn, withMessage } from '../../../protocols/round/message-table.ts'
import { createRound, NEWCOMER, type RoundState } from '../../../protocols/round/state.ts'
import {
  answer,
  decodeFill,
  decodeSummary,
  encodeSync,
  holdingsOf,
  missingFrom,
} from '../../../protocols/sync/anti-entropy.ts'
import { SYNC_BYTES_MAX, SYNC_LINKS_MAX } from '../../../protocols/sync/limits.ts'

const MEMBERS = 7
const view = fc.nat({ max: VIEWS_MAX - 1 })
const TYPES = [
  'ready',
  'open',
  'manifest',
  'loaded',
  'missing',
  'certificate',
  'release',
  'chunk-sum',
  'fingerprint',
  'approve',
  'sit-out',
] as const
const VOTES = ['propose', 'prevote', 'precommit'] as const

/** A message as far as its slot goes: nothing else matters here. */
const message: fc.Arbitrary<Message> = fc
  .record({
    from: fc.nat({ max: MEMBERS - 1 }),
    body: fc.oneof(
      fc.record({ type: fc.constantFrom(...TYPES), view, attempt: view }),
      fc.record({ type: fc.constantFrom(...VOTES), instance: fc.constantFrom('commit', 'result'), view }),
    ),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 40 }),
  })
  .map(parts => ({ ...parts, hash: parts.bytes }) as unknown as Message)

function stateOf(messages: readonly Message[], round = 1): RoundState {
  const hospitals = Array.from({ length: MEMBERS }, (_, at) => ({ id: Uint8Array.of(at), name: '', addresses: [] }))
  const head = { round, previous: new Uint8Array(32), roster: createRoster(hospitals), bans: new Map() }
  let state = createRound(head, NEWCOMER)
  for (const one of messages) state = { ...state, messages: withMessage(state.messages, one) }
  return state
}

test('what a bitmap leaves out is exactly what its owner lacks', t => {
  fc.assert(
    fc.property(fc.array(message, { maxLength: 60 }), fc.array(message, { maxLength: 60 }), (ours, theirs) => {
      const [mine, other] = [stateOf(ours), stateOf(theirs)]
      const otherwise = (one: Message) => inSlotOf(other.messages, one)?.hash[0] !== one.hash[0]
      const lacking = [...messagesIn(mine.messages)].filter(otherwise).map(({ bytes }) => bytes)
      t.deepEqual(missingFrom(mine, holdingsOf(other)), lacking)
      t.deepEqual(missingFrom(mine, holdingsOf(mine)), [])
    }),
    { numRuns: 150 },
  )
})

test('every slot has a bit of its own', t => {
  const seen = new Map<string, string>()
  const bodies: Content[] = []
  for (const type of TYPES)
    for (const at of [0, 1, 255]) bodies.push({ type, view: at, attempt: at } as unknown as Content)
  for (const type of VOTES) {
    for (const instance of ['commit', 'result']) {
      for (const at of [0, 1, 255]) bodies.push({ type, view: at, instance } as unknown as Content)
    }
  }
  for (const body of bodies) {
    for (let from = 0; from < MEMBERS; from++) {
      const one = { from, body, bytes: new Uint8Array(1), hash: new Uint8Array(1) } as unknown as Message
      const bits = Buffer.from(holdingsOf(stateOf([one])).have).toString('hex')
      const slot = slotOf(one)
      t.true(seen.get(bits) === undefined || seen.get(bits) === slot, `${slot} and ${seen.get(bits)}`)
      seen.set(bits, slot)
    }
  }
})

test('an answer is bounded, and asking again and again brings everything', t => {
  const large = (from: number, at: number) => {
    const body = { type: 'propose', instance: 'commit', view: at }
    return { from, body, bytes: new Uint8Array(60_000), hash: new Uint8Array(1) } as unknown as Message
  }
  const all = Array.from({ length: 40 }, (_, at) => large(at % MEMBERS, at))
  const full = stateOf(all)
  let asker = stateOf([])
  let answers = 0
  while (messageCount(asker.messages) < messageCount(full.messages) && answers < 40) {
    const found = missingFrom(full, holdingsOf(asker))
    t.true(found.reduce((total, { length }) => total + length, 0) <= SYNC_BYTES_MAX)
    t.true(found.length > 0)
    const held = all.filter(one => inSlotOf(asker.messages, one) !== undefined)
    asker = stateOf([...held, ...all.filter(one => found.includes(one.bytes))])
    answers += 1
  }
  t.is(messageCount(asker.messages), messageCount(full.messages))
  t.is(answers, Math.ceil(40 / Math.floor(SYNC_BYTES_MAX / 60_000)))
})

test('one behind gets links, one in our round gets messages, one ahead gets neither', t => {
  const state = stateOf(
    [{ from: 1, body: { type: 'ready' }, bytes: Uint8Array.of(7), hash: Uint8Array.of(7) } as unknown as Message],
    5,
  )
  const links = Array.from({ length: 400 }, () => new Uint8Array(2000))
  const nothing = { have: new Uint8Array(0), tags: new Uint8Array(0), recall: false }
  const summary = (round: number) => ({ study: new Uint8Array(32), round, ...nothing })
  const linksFrom = (round: number) => links.slice(round - 1)
  const behind = answer(state, summary(2), { from: 0, linksFrom })
  t.is(behind.messages.length, 0)
  t.is(behind.links.length, SYNC_LINKS_MAX)
  t.is(behind.have.length, 0)
  const wide = answer(state, summary(2), { from: 0, linksFrom: () => links.map(() => new Uint8Array(16_384)) })
  t.is(wide.links.length, SYNC_BYTES_MAX / 16_384)
  const same = answer(state, summary(5), { from: 0, linksFrom })
  t.is(same.messages.length, 1)
  t.is(same.links.length, 0)
  const ahead = answer(state, summary(6), { from: 0, linksFrom })
  t.deepEqual([ahead.messages.length, ahead.links.length, ahead.have.length], [0, 0, 0])
  for (const fill of [behind, wide, same, ahead]) t.deepEqual(decodeFill(encodeSync(fill)), fill)
})

test('summaries and answers come back from their wire form', t => {
  const bytes = fc.uint8Array({ maxLength: 200 })
  const round = fc.nat({ max: 0xffffffff })
  const study = fc.uint8Array({ minLength: 32, maxLength: 32 })
  fc.assert(
    fc.property(study, round, bytes, fc.array(bytes, { maxLength: 9 }), (id, at, have, list) => {
      const summary = { study: id, round: at, have, tags: have, recall: at % 2 === 0 }
      const fill = { round: at, have, tags: have, messages: list, links: list }
      t.deepEqual(decodeSummary(encodeSync(summary)), summary)
      t.deepEqual(decodeFill(encodeSync(fill)), fill)
    }),
  )
})

test('whatever else arrives in their place is refused', t => {
  const refused = (decodeIt: (wire: Uint8Array) => unknown, wire: Uint8Array) => {
    try {
      decodeIt(wire)
      return false
    } catch (error) {
      if (error instanceof ProtocolError) return true
      throw error
    }
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), wire => {
      t.true(refused(decodeSummary, wire) && refused(decodeFill, wire))
    }),
    { numRuns: 500 },
  )
  const study = new Uint8Array(32)
  const have = new Uint8Array(3)
  const bad = [
    { study, round: -1, have, tags: have, recall: false },
    { study, round: 2 ** 32, have, tags: have, recall: false },
    { study, round: 1, have: new Uint8Array(60_000), tags: have, recall: false },
    { study, round: 1, have, tags: have, recall: false, more: true },
    { study, round: 1, have, tags: have },
    { round: 1, have, tags: have, messages: [new Uint8Array(64 * 1024 + 1)], links: [] },
    { round: 1, have, tags: have, messages: Array.from({ length: 4097 }, () => have), links: [] },
    { round: 1, have, tags: have, messages: [], links: Array.from({ length: SYNC_LINKS_MAX + 1 }, () => have) },
    { round: 1, have, tags: have, messages: [1], links: [] },
  ]
  for (const value of bad) t.true(refused(decodeSummary, encode(value)) && refused(decodeFill, encode(value)))
})
