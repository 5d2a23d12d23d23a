// Claims: every kind of message has a bit of its own in anti-entropy, with no gap, and the bits are those that peers have
// always compared; slots keep the names that disks hold; the header is the same for all kinds.

import test from 'ava'
import { KINDS, type MessageType, PLACES } from '../../../protocols/messages/kinds.ts'
import { INSTANCES } from '../../../protocols/messages/limits.ts'
import { BODY, type Body, type Message, placeOf, slotName, slotOf } from '../../../protocols/messages/messages.ts'
import { createRoster } from '../../../protocols/roster/roster.ts'
import { withMessage } from '../../../protocols/round/message-table.ts'
import { createRound, NEWCOMER } from '../../../protocols/round/state.ts'
import { holdingsOf } from '../../../protocols/sync/anti-entropy.ts'

/** The order that peers compare bitmaps by, written down once more: a change of it splits a study. */
const ORDER = [
  'ready',
  'open',
  'manifest',
  'loaded',
  'missing',
  'commit-propose',
  'commit-prevote',
  'commit-precommit',
  'certificate',
  'release',
  'chunk-sum',
  'fingerprint',
  'approve',
  'sit-out',
  'result-propose',
  'result-prevote',
  'result-precommit',
]

/** The names of slots of member 3 as they stand on disks, of view and attempt 2. */
const SLOTS = {
  ready: 'ready/0/3',
  open: 'open/2/3',
  manifest: 'manifest/2/3',
  loaded: 'loaded/2/3',
  missing: 'missing/2/3',
  'commit-propose': 'commit-propose/2/3',
  'commit-prevote': 'commit-prevote/2/3',
  'commit-precommit': 'commit-precommit/2/3',
  certificate: 'certificate/0/3',
  release: 'release/0/3',
  'chunk-sum': 'chunk-sum/2/3',
  fingerprint: 'fingerprint/2/3',
  approve: 'approve/0/3',
  'sit-out': 'sit-out/0/3',
  'result-propose': 'result-propose/2/3',
  'result-prevote': 'result-prevote/2/3',
  'result-precommit': 'result-precommit/2/3',
}

const MEMBERS = 5

/** A body of each name in `ORDER`, as far as its slot goes. */
const bodies = (Object.keys(KINDS) as MessageType[]).flatMap(type => {
  const body = { type, view: 2, attempt: 2 } as unknown as Body
  if (typeof KINDS[type].place === 'number') return [{ name: type as string, body }]
  return INSTANCES.map(instance => ({ name: `${instance}-${type}`, body: { ...body, instance } as Body }))
})

test('places are dense and each is one kind’s', t => {
  t.deepEqual(
    PLACES.toSorted((a, b) => a - b),
    PLACES.map((_, at) => at),
  )
})

test('places are those that peers have always compared', t => {
  t.deepEqual(
    bodies.toSorted((a, b) => placeOf(a.body).place - placeOf(b.body).place).map(({ name }) => name),
    ORDER,
  )
})

test('a message sets the bit of its view, kind and member', t => {
  const hospitals = Array.from({ length: MEMBERS }, (_, at) => ({ id: Uint8Array.of(at), name: '', addresses: [] }))
  const head = { round: 1, previous: new Uint8Array(32), roster: createRoster(hospitals), bans: new Map() }
  for (const { name, body } of bodies) {
    const message = { from: 3, body, bytes: new Uint8Array(1), hash: Uint8Array.of(7) } as unknown as Message
    const state = createRound(head, NEWCOMER)
    const { have, tags } = holdingsOf({ ...state, messages: withMessage(state.messages, message) })
    const number = Number(SLOTS[name as keyof typeof SLOTS].split('/')[1])
    const bit = (number * ORDER.length + ORDER.indexOf(name)) * MEMBERS + 3
    t.deepEqual(
      [...have.entries()].filter(([, byte]) => byte !== 0),
      [[bit >> 3, 1 << (bit & 7)]],
      name,
    )
    t.deepEqual(tags, Uint8Array.of(7))
  }
})

test('slots keep the names that disks hold', t => {
  t.deepEqual(Object.fromEntries(bodies.map(({ name, body }) => [name, slotOf({ from: 3, body })])), SLOTS)
  for (const { name, body } of bodies) {
    const { type } = body
    const { number } = placeOf(body)
    const instance = 'instance' in body ? { instance: body.instance } : {}
    t.is(slotName({ type, number, from: 3, ...instance }), SLOTS[name as keyof typeof SLOTS])
  }
})

test('the schema of bodies takes every kind of the table and no other', t => {
  t.deepEqual(
    BODY.options.map(({ shape }) => shape.type.value),
    Object.keys(KINDS) as MessageType[],
  )
  t.false(BODY.safeParse({ type: 'receipt', study: new Uint8Array(32), roster: 0, round: 1 }).success)
})
