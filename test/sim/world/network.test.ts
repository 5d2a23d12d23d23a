// Claims: the simulated network loses, doubles, delays and cuts what it is told to, edge by edge and in one direction;
// streams outlast losses; nothing outlives the process that it was sent to; every byte is counted.

import test from 'ava'
import { Clock } from '../../../sim/world/clock.ts'
import type { SimulatedHospital } from '../../../sim/world/hospital.ts'
import { Network, type NetworkSettings } from '../../../sim/world/network.ts'
import { type Packet, sizeOf } from '../../../sim/world/packet.ts'
import { Random } from '../../../sim/world/random.ts'

interface Arrival {
  readonly from: number
  readonly to: number
  readonly at: number
  readonly packet: Packet
}

function createBench(settings: Partial<NetworkSettings> = {}) {
  const clock = new Clock()
  const hospitals = [0, 1, 2].map(
    index => ({ index, alive: true, epoch: 0, state: { round: 1 } }) as unknown as SimulatedHospital,
  )
  const arrivals: Arrival[] = []
  const left: Packet[] = []
  const network = new Network(3, settings, {
    clock,
    random: new Random('network'),
    leaves: (_from, _to, packet) => left.push(packet),
    arrives: (from, to, packet) => arrivals.push({ from: from.index, to: to.index, at: clock.now, packet }),
  })
  const [a, b, c] = hospitals as [SimulatedHospital, SimulatedHospital, SimulatedHospital]
  const gossip: Packet = { kind: 'gossip', bytes: new Uint8Array(100) }
  const stream: Packet = { kind: 'push', bytes: new Uint8Array(100), ticket: 0 }
  const settle = () => clock.until(() => false, 1e9)
  return { clock, network, arrivals, left, a, b, c, gossip, stream, settle }
}

test('a packet takes between half and one and a half times the delay', t => {
  const { network, arrivals, a, b, gossip, settle } = createBench({ delayMs: 10 })
  for (let i = 0; i < 2000; i++) network.send(a, b, gossip)
  settle()
  t.is(arrivals.length, 2000)
  t.true(arrivals.every(({ at }) => at >= 5 && at < 15))
  const mean = arrivals.reduce((sum, { at }) => sum + at, 0) / 2000
  t.true(Math.abs(mean - 10) < 0.3, `${mean}`)
})

test('gossip is lost and doubled at the rates asked for', t => {
  const { network, arrivals, left, a, b, gossip, settle } = createBench({ loss: 0.3, duplication: 0.2 })
  for (let i = 0; i < 4000; i++) network.send(a, b, gossip)
  settle()
  t.is(left.length, 4000, 'what is lost has left all the same')
  t.true(Math.abs(arrivals.length - 4000 * 0.7 * 1.2) < 150, `${arrivals.length}`)
})

test('held-back gossip is overtaken', t => {
  const bench = createBench({ delayMs: 1, reordering: 0.1, holdMsMax: 500 })
  const { network, clock, arrivals, a, b, settle } = bench
  for (let i = 0; i < 200; i++) {
    clock.after(10 * i, () => network.send(a, b, { kind: 'gossip', bytes: Uint8Array.of(i) }))
  }
  settle()
  const order = arrivals.map(({ packet }) => (packet.kind === 'gossip' ? (packet.bytes[0] as number) : -1))
  t.is(order.length, 200)
  t.true(order.some((number, at) => at > 0 && number < (order[at - 1] as number)))
})

test('streams outlast losses: they come later, seldom never, and never twice', t => {
  const { network, arrivals, a, b, stream, settle } = createBench({ loss: 0.4, duplication: 0.5, delayMs: 5 })
  for (let i = 0; i < 2000; i++) network.send(a, b, { ...stream, ticket: i } as Packet)
  settle()
  const tickets = arrivals.map(({ packet }) => (packet.kind === 'push' ? packet.ticket : -1))
  t.is(new Set(tickets).size, tickets.length)
  t.true(tickets.length > 1950 && tickets.length < 2000, `${tickets.length} of 2000`)
  t.true(arrivals.some(({ at }) => at > 200))
})

test('a cut is of one direction, also for what is on its way, until it is mended', t => {
  const { network, clock, arrivals, a, b, c, gossip, settle } = createBench({ delayMs: 10 })
  network.send(a, b, gossip)
  clock.after(1, () => {
    network.cut(a, b)
    network.send(a, b, gossip)
    network.send(b, a, gossip)
    network.send(a, c, gossip)
  })
  t.true(network.isWhole(a, b))
  settle()
  t.deepEqual(arrivals.map(({ from, to }) => [from, to]).sort(), [
    [0, 2],
    [1, 0],
  ])
  t.false(network.isWhole(a, b))
  t.true(network.isOpen(b, a))
  network.heal()
  network.send(a, b, gossip)
  settle()
  t.is(arrivals.length, 3)
})

test('nothing reaches a process that is down, or the one that comes after it', t => {
  const { network, clock, arrivals, a, b, gossip, settle } = createBench({ delayMs: 10 })
  network.send(a, b, gossip)
  clock.after(1, () => {
    b.epoch += 1
  })
  settle()
  t.is(arrivals.length, 0)
  network.send(a, b, gossip)
  b.alive = false
  settle()
  t.is(arrivals.length, 0)
})

test('a narrow line sends one after the other', t => {
  const { network, arrivals, a, b, c, gossip, settle } = createBench({ delayMs: 0 })
  network.setLine(a, { delayMs: 0, bitsPerSecond: 8000 })
  for (let i = 0; i < 10; i++) network.send(a, i % 2 === 0 ? b : c, gossip)
  network.send(b, c, gossip)
  settle()
  t.is(arrivals[0]?.from, 1, 'the lines of others are as they were')
  const last = arrivals.at(-1)?.at as number
  t.true(
    Math.abs(last - 10 * sizeOf(gossip)) < 1e-6,
    `${last} ms for ten packets of ${sizeOf(gossip)} bytes at 1 byte/ms`,
  )
})

test('every byte is counted, by hospital, round and kind', t => {
  const { network, a, b, gossip, stream, settle } = createBench({ loss: 0.9 })
  network.send(a, b, gossip)
  network.send(a, b, gossip)
  network.send(a, b, stream)
  a.state = { round: 2 } as typeof a.state
  network.send(a, b, gossip)
  network.send(b, a, gossip)
  settle()
  t.deepEqual(network.traffic.of(0, 1).get('gossip'), { packets: 2, bytes: 2 * sizeOf(gossip) })
  t.deepEqual(network.traffic.of(0, 1).get('push'), { packets: 1, bytes: sizeOf(stream) })
  t.deepEqual(network.traffic.of(0, 2).get('gossip'), { packets: 1, bytes: sizeOf(gossip) })
  t.is(network.traffic.total().packets, 5)
  t.is(network.traffic.total({ hospital: 0 }).packets, 4)
  t.is(network.traffic.total({ kind: 'gossip', round: 1 }).packets, 3)
})
