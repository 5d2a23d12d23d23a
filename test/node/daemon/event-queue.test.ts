// Claim: what one member says waits in bounded numbers, in order, and takes no other member's place.

import test from 'ava'
import {
  EventQueue,
  WAITING_BYTES_PER_MEMBER_MAX,
  WAITING_EVENTS_PER_MEMBER_MAX,
} from '../../../node/daemon/event-queue.ts'
import type { RoundEvent } from '../../../protocols/round/events.ts'

function received(from: number, bytes = 100, round = 0): RoundEvent {
  return { type: 'received', message: { from, bytes: new Uint8Array(bytes), round } } as unknown as RoundEvent
}

const TICK: RoundEvent = { type: 'tick', round: 1, timer: { kind: 'open' } }

test('events come out in the order they went in', t => {
  const queue = new EventQueue()
  const events = Array.from({ length: 3000 }, (_, i) => received(i % 50, 10, i))
  const out: RoundEvent[] = []
  for (const [at, event] of events.entries()) {
    t.true(queue.push(event))
    if (at % 3 === 0) out.push(queue.shift()!)
  }
  for (let event = queue.shift(); event !== undefined; event = queue.shift()) out.push(event)
  t.deepEqual(out, events)
})

test('a member that floods is cut off, others and our own timers are not', t => {
  const queue = new EventQueue()
  let taken = 0
  while (queue.push(received(7))) taken += 1
  t.is(taken, WAITING_EVENTS_PER_MEMBER_MAX)
  t.true(queue.push(received(8)))
  for (let i = 0; i < 5000; i++) t.true(queue.push(TICK))
  queue.shift()
  t.true(queue.push(received(7)))
  t.false(queue.push(received(7)))
})

test('bytes count too, and transcripts one at a time', t => {
  const queue = new EventQueue()
  let bytes = 0
  while (queue.push(received(7, 60_000))) bytes += 60_000
  t.true(bytes <= WAITING_BYTES_PER_MEMBER_MAX)
  const links: RoundEvent = { type: 'links', links: [], from: 3 }
  t.true(queue.push(links))
  t.false(queue.push(links))
  queue.clear()
  t.is(queue.shift(), undefined)
  t.true(queue.push(links))
})
