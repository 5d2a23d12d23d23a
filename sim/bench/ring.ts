/**
 * The baseline: a plain ring all-reduce of float32 vectors, without privacy, votes or fault tolerance, on the same
 * libp2p network and the same streams.
 *
 * @module Patarasuk, Yuan: Bandwidth optimal all-reduce algorithms, JPDC 2009.
 */

import { randomBytes } from 'node:crypto'
import type { Channel } from '../../node/network/channel.ts'
import { createNetwork } from '../../node/network/libp2p-host.ts'
import type { SoleNetwork } from '../../node/network/network.ts'

const RING_PROTOCOL = '/confrere-bench/ring/1.0.0'

interface RingPeer {
  readonly network: SoleNetwork
  inbound?: Channel
  outbound?: Channel
}

async function connectRing(count: number): Promise<RingPeer[]> {
  const peers: RingPeer[] = []
  for (let at = 0; at < count; at++) {
    const network = await createNetwork(
      {
        seed: randomBytes(32),
        topic: '/confrere-bench/ring',
        transport: 'tcp',
        listen: ['/ip4/127.0.0.1/tcp/0'],
        announce: [],
        bootstrap: [],
        mdns: false,
      },
      { admits: () => true, validate: () => 'ignore', discovered() {}, opened() {}, closed() {} },
    )
    const peer: RingPeer = { network }
    await network.start()
    await network.handle(RING_PROTOCOL, async (stream, from) => {
      peer.inbound = network.channel(stream, from)
    })
    peers.push(peer)
  }
  const signal = AbortSignal.timeout(60_000)
  for (const [at, { network }] of peers.entries()) {
    const next = peers[(at + 1) % count] as RingPeer
    await network.dial(next.network.peer, next.network.addresses(), signal)
  }
  for (const [at, peer] of peers.entries()) {
    const next = peers[(at + 1) % count] as RingPeer
    const stream = await peer.network.open(next.network.peer, RING_PROTOCOL, signal)
    peer.outbound = peer.network.channel(stream, next.network.peer)
  }
  while (peers.some(peer => peer.inbound === undefined)) await new Promise(resolve => setTimeout(resolve, 10))
  return peers
}

/** One peer's part: n − 1 reduce-scatter steps, then n − 1 all-gather steps. */
async function reduceAt(peer: RingPeer, rank: number, vector: Float32Array, count: number): Promise<void> {
  const size = Math.ceil(vector.length / count)
  const part = (index: number) => {
    const at = ((index % count) + count) % count
    return vector.subarray(at * size, Math.min(vector.length, (at + 1) * size))
  }
  const exchange = async (send: Float32Array, length: number) => {
    const received = new Float32Array(length)
    await Promise.all([
      peer.outbound?.write(new Uint8Array(send.slice().buffer)),
      peer.inbound?.readInto(new Uint8Array(received.buffer)),
    ])
    return received
  }
  for (let step = 0; step < count - 1; step++) {
    const target = part(rank - step - 1)
    const received = await exchange(part(rank - step), target.length)
    for (let word = 0; word < target.length; word++)
      target[word] = (target[word] as number) + (received[word] as number)
  }
  for (let step = 0; step < count - 1; step++) {
    const target = part(rank - step)
    target.set(await exchange(part(rank + 1 - step), target.length))
  }
}

/** Repeats the all-reduce on open streams; bytes per peer and repetition, median time. */
export async function ringAllReduce({
  peers: count,
  dimension,
  repetitions,
}: {
  peers: number
  dimension: number
  repetitions: number
}): Promise<{ bytesMean: number; ms: number }> {
  const peers = await connectRing(count)
  try {
    const times: number[] = []
    const sent = () => peers.reduce((sum, peer) => sum + peer.network.bytesSent(), 0)
    // one unmeasured repetition, as the aggregation has warm-up rounds too
    let before = 0
    for (let repetition = 0; repetition <= repetitions; repetition++) {
      if (repetition === 1) before = sent()
      const vectors = peers.map((_, rank) => new Float32Array(dimension).fill(rank + 1))
      const start = performance.now()
      await Promise.all(peers.map((peer, rank) => reduceAt(peer, rank, vectors[rank] as Float32Array, count)))
      if (repetition > 0) times.push(performance.now() - start)
      const expected = (count * (count + 1)) / 2
      if (vectors.some(vector => vector[dimension - 1] !== expected)) throw new Error('the ring added up wrongly')
    }
    const bytesMean = (sent() - before) / count / repetitions
    return { bytesMean, ms: times.sort((a, b) => a - b)[times.length >> 1] as number }
  } finally {
    await Promise.all(peers.map(peer => peer.network.stop()))
  }
}
