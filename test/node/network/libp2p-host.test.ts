import { randomBytes } from 'node:crypto'
import test from 'ava'
import { SYNC_PROTOCOL } from '../../../node/network/anti-entropy.ts'
import { Channel } from '../../../node/network/channel.ts'
import { HELLO_PROTOCOL } from '../../../node/network/hello-desk.ts'
import { createNetwork } from '../../../node/network/libp2p-host.ts'
import type { NetworkHandlers, SoleNetwork } from '../../../node/network/network.ts'
import { topicOf } from '../../../node/network/topic.ts'
import { CHUNK_PROTOCOL, PULL_PROTOCOL } from '../../../protocols/exchange/frames.ts'
import { studyIdOf } from '../../../protocols/study/document.ts'
import { createLiveCluster } from '../../../sim/cluster/live-cluster.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'

const OPEN: NetworkHandlers = {
  admits: () => true,
  validate: () => 'accept',
  discovered() {},
  opened() {},
  closed() {},
}

async function createStranger(topic: string, handlers = OPEN): Promise<SoleNetwork> {
  const network = await createNetwork(
    {
      seed: randomBytes(32),
      topic,
      transport: 'tcp',
      listen: ['/ip4/127.0.0.1/tcp/0'],
      announce: [],
      bootstrap: [],
      mdns: false,
    },
    handlers,
  )
  await network.start()
  return network
}

test('a stranger with a valid key cannot connect, publish or fetch', async t => {
  const { hospitals: _, ...study } = testStudy(testSigners(4), { rounds: 40 })
  const cluster = await createLiveCluster(4, {
    transport: 'tcp',
    study,
    clippedSum: () => new Float64Array(62).fill(0.25),
  })
  t.teardown(() => cluster.close())
  const victim = cluster.nodes[0]!
  const heard: number[] = []
  const stranger = await createStranger(topicOf(studyIdOf(cluster.document)), {
    ...OPEN,
    validate: bytes => {
      heard.push(bytes.length)
      return 'accept'
    },
  })
  t.teardown(() => stranger.stop())
  const signal = () => AbortSignal.timeout(2000)
  for (const protocol of [HELLO_PROTOCOL, SYNC_PROTOCOL, CHUNK_PROTOCOL, PULL_PROTOCOL]) {
    await t.throwsAsync(async () => {
      await stranger.dial(victim.network.peer, victim.network.addresses(), signal())
      const streams = protocol === HELLO_PROTOCOL ? stranger.host : stranger
      const channel = new Channel(await streams.open(victim.network.peer, protocol, signal()))
      await channel.writeFrame(new Uint8Array(10))
      await channel.readFrame(1000)
    })
  }
  for (let i = 0; i < 20; i++) stranger.publish(randomBytes(100))
  await cluster.finished()
  t.false(victim.network.connected(stranger.peer))
  t.false(stranger.subscribers().includes(victim.network.peer))
  t.deepEqual(heard, [])
  for (const node of cluster.nodes) t.false(node!.rounds().some(record => record.contributors.includes(stranger.peer)))
})

test('a slow reader holds the sender back instead of buffering what it sends', async t => {
  const PROTOCOL = '/confrere-test/slow/1.0.0'
  const BYTES = 32 * 1024 * 1024
  const [sender, reader] = await Promise.all([createStranger('/test/slow'), createStranger('/test/slow')])
  t.teardown(() => Promise.all([sender.stop(), reader.stop()]))
  const served = Promise.withResolvers<Channel>()
  await reader.handle(PROTOCOL, async stream => served.resolve(reader.channel(stream, sender.peer)))
  await sender.dial(reader.peer, reader.addresses(), AbortSignal.timeout(5000))
  const outbound = sender.channel(await sender.open(reader.peer, PROTOCOL, AbortSignal.timeout(5000)), reader.peer)
  const data = randomBytes(BYTES)
  const before = sender.bytesSent()
  let sent = false
  const writing = outbound.write(data).then(() => {
    sent = true
  })
  const inbound = await served.promise
  const first = new Uint8Array(1000)
  await inbound.readInto(first)
  // time enough to push everything, were nothing held back
  for (let settled = 0, last = -1; settled < 5; settled = sender.bytesSent() === last ? settled + 1 : 0) {
    last = sender.bytesSent()
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  const inFlight = sender.bytesSent() - before
  t.false(sent)
  t.true(inFlight < 8 * 1024 * 1024, `${inFlight} bytes left the sender`)
  const rest = new Uint8Array(BYTES - first.length)
  await inbound.readInto(rest)
  await writing
  t.deepEqual(Buffer.concat([first, rest]).compare(data), 0)
})
