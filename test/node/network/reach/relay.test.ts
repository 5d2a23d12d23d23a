// Claims of node/network/reach: two members that cannot dial each other meet through a third that relays; a stranger gets
// neither a place nor a circuit; the limits of a relay hold; a slow reader costs the relay no memory.

import { randomBytes } from 'node:crypto'
import { memoryUsage } from 'node:process'
import test from 'ava'
import { createHost } from '../../../../node/network/libp2p-host.ts'
import { ranked } from '../../../../node/network/reach/relay-client.ts'
import {
  allowsCircuit,
  CIRCUITS_MAX,
  CIRCUITS_PER_PAIR_MAX,
  CIRCUITS_PER_PEER_MAX,
} from '../../../../node/network/reach/relay-server.ts'
import { createReachNode, echo, type ReachNode, until, within } from '../../../helpers/reach/reach-node.ts'

const LISTEN = ['/ip4/127.0.0.1/tcp/0']
const MEGABYTES = 1 << 20

/** A relay, and two nodes behind NAT: nobody can dial them. */
async function createTriangle(t: { teardown(end: () => unknown): void }) {
  const members = new Set<string>()
  const admits = (peer: string) => members.has(peer)
  // a relay's own view, which a roster change may reach first
  const removed = new Set<string>()
  const [relay, left, right] = await Promise.all([
    createReachNode({ listen: LISTEN, admits: peer => admits(peer) && !removed.has(peer) }),
    createReachNode({ admits }),
    createReachNode({ admits }),
  ])
  t.teardown(() => Promise.all([relay, left, right].map(node => node.stop())))
  for (const { peer } of [relay, left, right]) members.add(peer)
  for (const node of [left, right]) {
    await node.dial(relay.peer, relay.addresses(), within())
    await until('a place at the relay', () => node.reach.places.includes(relay.peer))
  }
  return { relay, left, right, removed }
}

function strikesOf(nodes: readonly ReachNode[]): unknown[] {
  return nodes.flatMap(node => nodes.map(({ peer }) => node.guard.strikes.weight(peer))).filter(weight => weight > 0)
}

test('two members without an address meet through a third: streams, gossip and megabytes', async t => {
  const { relay, left, right } = await createTriangle(t)
  await left.dial(right.peer, ['/ip4/127.0.0.1/tcp/1'], within())
  t.like(left.reach.way(right.peer), { via: 'relay', relay: relay.peer })
  await until('the other side has it too', () => right.connected(left.peer))
  t.like(right.reach.way(left.peer), { via: 'relay', relay: relay.peer })
  t.like(left.reach.way(relay.peer), { via: 'direct' })
  const relayedMs = await echo(left, right.peer, 8 * MEGABYTES)
  const directMs = await echo(left, relay.peer, 8 * MEGABYTES)
  t.log(`8 MiB there and back: ${relayedMs.toFixed(0)} ms relayed, ${directMs.toFixed(0)} ms direct`)
  await until('gossip has met', () => left.subscribers().includes(right.peer))
  left.publish(new TextEncoder().encode('hello'))
  await until('gossip arrived', () => right.heard.includes('hello') && relay.heard.includes('hello'))
  const { bytes, circuits, places } = relay.reach.relayed!
  t.deepEqual({ circuits, places }, { circuits: 1, places: 2 })
  t.true(bytes > 16 * MEGABYTES && bytes < 18 * MEGABYTES, `${bytes} bytes relayed`)
  t.deepEqual(strikesOf([relay, left, right]), [])
  t.deepEqual(
    left.reach.failures(right.peer).map(({ address, text }) => ({ address, text })),
    [{ address: '/ip4/127.0.0.1/tcp/1', text: 'nothing listens there (connection refused)' }],
  )
})

test('a stranger gets no place at a relay, and nobody is reached through one that does not admit both', async t => {
  const { relay, left, right, removed } = await createTriangle(t)
  const stranger = await createReachNode({})
  t.teardown(() => stranger.stop())
  await stranger.dial(relay.peer, relay.addresses(), within()).catch(() => {})
  await until('the relay ended it', () => !stranger.connected(relay.peer))
  t.deepEqual(stranger.reach.places, [])
  t.is(relay.reach.relayed!.places, 2)
  t.regex(stranger.reach.failures(relay.peer)[0]!.text, /does not know this node/)
  await t.throwsAsync(() => stranger.dial(right.peer, [], within()))
  // who is removed keeps no way through the relay, in either direction, though the two would admit each other
  for (const [gone, one, other] of [
    [right, left, right],
    [left, left, right],
  ] as const) {
    removed.clear()
    removed.add(gone.peer)
    one.later(60_000)
    await t.throwsAsync(() => one.dial(other.peer, [], within()))
    const { text } = one.reach.failures(other.peer).at(-1)!
    t.is(text, 'the relay does not connect these two, or has reached its limit')
    t.false(other.connected(one.peer))
  }
  t.true(left.reach.failures(right.peer).length > 0)
  t.is(relay.reach.relayed!.circuits, 0)
})

test('a node that does not relay keeps no place and makes no circuit', async t => {
  const relay = await createReachNode({ listen: LISTEN, reach: { relay: false } })
  const [left, right] = await Promise.all([createReachNode({}), createReachNode({})])
  t.teardown(() => Promise.all([relay, left, right].map(node => node.stop())))
  for (const node of [left, right]) await node.dial(relay.peer, relay.addresses(), within())
  await echo(left, relay.peer, 1000)
  t.deepEqual([left.reach.places, relay.reach.relayed], [[], undefined])
  await t.throwsAsync(() => left.dial(right.peer, [], within()), { message: /no address of that peer/ })
})

test('a reader that stalls costs the relay a few windows, not the transfer', async t => {
  const { relay, left, right } = await createTriangle(t)
  const PROTOCOL = '/confrere-test/stall/1.0.0'
  const served = Promise.withResolvers<ReturnType<ReachNode['channel']>>()
  await right.handle(PROTOCOL, async stream => served.resolve(right.channel(stream, left.peer)))
  await left.dial(right.peer, [], within())
  const out = left.channel(await left.open(right.peer, PROTOCOL, within()), right.peer)
  const data = new Uint8Array(64 * MEGABYTES)
  const writing = out.write(data)
  const inbound = await served.promise
  await inbound.readInto(new Uint8Array(1000))
  for (let settled = 0, last = -1; settled < 10; settled = relay.reach.relayed!.bytes === last ? settled + 1 : 0) {
    last = relay.reach.relayed!.bytes
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  const held = relay.reach.relayed!.bytes
  t.log(`${(held / MEGABYTES).toFixed(1)} MiB passed, ${(memoryUsage.rss() / MEGABYTES).toFixed(0)} MiB in memory`)
  t.true(held < 8 * MEGABYTES, `${held} bytes passed`)
  const rest = new Uint8Array(data.length - 1000)
  await Promise.all([inbound.readInto(rest), writing])
  t.deepEqual(strikesOf([relay, left, right]), [])
})

test('two who were introduced and are not contacts yet meet through who introduced them, once that one relays', async t => {
  const contacts = new Set<string>()
  const made = async (listen: string[], allows: (peer: string) => boolean) => {
    const init = { seed: randomBytes(32), transport: 'tcp' as const, listen, announce: [], bootstrap: [], mdns: false }
    const host = await createHost(init, { admits: () => true, allows })
    await host.start()
    t.teardown(() => host.stop())
    return host
  }
  const relay = await made(LISTEN, peer => contacts.has(peer))
  const left = await made([], peer => peer === relay.peer)
  const right = await made([], peer => peer === relay.peer)
  for (const node of [left, right]) await node.dial(relay.peer, relay.addresses(), within())
  await until('both were refused', () => [left, right].every(node => node.reach.failures(relay.peer).length > 0))
  t.deepEqual([left.reach.places, right.reach.places], [[], []])
  for (const { peer } of [left, right]) contacts.add(peer)
  await until('places without another event', () => [left, right].every(node => node.reach.places.length > 0))
  await left.dial(right.peer, [], within())
  t.like(left.reach.way(right.peer), { via: 'relay', relay: relay.peer })
})

test('a circuit that ends is counted no longer', async t => {
  const { relay, left, right } = await createTriangle(t)
  await left.dial(right.peer, [], within())
  t.is(relay.reach.relayed!.circuits, 1)
  await left.hangUp(right.peer)
  await until('the circuit ended', () => relay.reach.relayed!.circuits === 0)
})

test('a place at a relay comes back with the connection to it', async t => {
  const { relay, left, right } = await createTriangle(t)
  await right.hangUp(relay.peer)
  await until('the place is gone', () => right.reach.places.length === 0)
  await t.throwsAsync(() => left.dial(right.peer, [], within()))
  t.is(left.reach.failures(right.peer)[0]!.text, 'the relay does not have that peer at present')
  await right.dial(relay.peer, relay.addresses(), within())
  await until('a place again', () => right.reach.places.includes(relay.peer))
  // relays are not asked again at once
  left.later(-100_000)
  await t.throwsAsync(() => left.dial(right.peer, [], within()), { message: /no address of that peer/ })
  left.later(200_000)
  await left.dial(right.peer, [], within())
  t.deepEqual(left.reach.failures(right.peer), [])
})

test('the limits of circuits hold for a pair, for each peer and for all', t => {
  const circuits = (count: number, ends: (i: number) => [string, string]) =>
    new Set(Array.from({ length: count }, (_, i) => ends(i)).map(([from, to]) => ({ from, to })))
  const pair = { from: 'a', to: 'b' }
  const between = (count: number) => circuits(count, i => (i % 2 === 0 ? ['a', 'b'] : ['b', 'a']))
  t.true(allowsCircuit(between(CIRCUITS_PER_PAIR_MAX - 1), pair))
  t.false(allowsCircuit(between(CIRCUITS_PER_PAIR_MAX), pair))
  t.true(allowsCircuit(between(CIRCUITS_PER_PAIR_MAX), { from: 'a', to: 'c' }))
  for (const peer of ['a', 'b']) {
    t.true(
      allowsCircuit(
        circuits(CIRCUITS_PER_PEER_MAX - 1, i => [peer, `x${i}`]),
        pair,
      ),
    )
    t.false(
      allowsCircuit(
        circuits(CIRCUITS_PER_PEER_MAX, i => [`x${i}`, peer]),
        pair,
      ),
    )
  }
  t.true(
    allowsCircuit(
      circuits(CIRCUITS_MAX - 1, i => [`x${i}`, `y${i}`]),
      pair,
    ),
  )
  t.false(
    allowsCircuit(
      circuits(CIRCUITS_MAX, i => [`x${i}`, `y${i}`]),
      pair,
    ),
  )
})

test('everybody finds the same relays for a peer, and different peers prefer different ones', t => {
  const relays = Array.from({ length: 20 }, (_, i) => `relay${i}`)
  const reversed = [...relays].reverse()
  t.deepEqual(ranked(relays, 'a'), ranked(reversed, 'a'))
  t.notDeepEqual(ranked(relays, 'a').slice(0, 3), ranked(relays, 'b').slice(0, 3))
  const without = relays.filter(relay => relay !== ranked(relays, 'a')[0])
  t.deepEqual(ranked(without, 'a'), ranked(relays, 'a').slice(1))
})
