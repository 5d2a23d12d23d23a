// Claim: what one member says waits in bounded numbers, in order, and takes no other member's place.

import test from 'ava'
import { EventQueue, WAITING_BYTES_PER_MEMBER_MAX, WAITING_EVENTS_PER_MEMBER_MAX } from '../../../node/daemon/event-queue.ts'
import type { RoundEvent } from '../../../protocols/round/events.ts'

function received(from: number, bytes = 100, round = 0): RoundEvent {
  return { type: 'received', message: { from, bytes: new Uint8Array(bytes), round } } as unknown as RoundEvent
}

const TICK: RoundEvent = { type: 'tick', round: 1, timer: 'open' }

test('events come out in the order they went in', t => {
  const inbox = new EventQueue()
  const events = Array.from({ length: 3000 }, (_, i) => received(i % 50, 10, i))
  const out: RoundEvent[] = []
  for (const [at, event] of events.entries()) {
    t.true(inbox.push(event))
    if (at % 3 === 0) out.push(inbox.shift()!)
  }
  for (let event = inbox.shift(); event !== undefined; event = inbox.shift()) out.push(event)
  t.deepEqual(out, events)
})

test('a member that floods is cut off, others and our own timers are not', t => {
  const inbox = new EventQueue()
  let taken = 0
  while (inbox.push(received(7))) taken += 1
  t.is(taken, WAITING_EVENTS_PER_MEMBER_MAX)
  t.true(inbox.push(received(8)))
  for (let i = 0; i < 5000; i++) t.true(inbox.push(TICK))
  inbox.shift()
  t.true(inbox.push(received(7)))
  t.false(inbox.push(received(7)))
})

test('bytes count too, and transcripts one at a time', t => {
  const inbox = new EventQueue()
  let bytes = 0
  while (inbox.push(received(7, 60_000))) bytes += 60_000
  t.true(bytes <= WAITING_BYTES_PER_MEMBER_MAX)
  const links: RoundEvent = { type: 'links', links: [], from: 3 }
  t.true(inbox.push(links))
  t.false(inbox.push(links))
  inbox.clear()
  t.is(inbox.shift(), undefined)
  t.true(inbox.push(links))
})
