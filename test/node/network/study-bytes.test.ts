// Claims of node/network/study-bytes.ts, over real sockets: what is sent for one study is counted for it alone, streams and
// gossip, as it is on the wire; a study that joins again counts from 0.

import { randomBytes } from 'node:crypto'
import test, { type ExecutionContext } from 'ava'
import { createHost } from '../../../node/network/libp2p-host.ts'
import type { NetworkHandlers } from '../../../node/network/network.ts'
import { until } from '../../helpers/reach/reach-node.ts'

const PROTOCOL = '/confrere-test/bulk/1.0.0'
const TOPICS = ['/test/1/aaaa', '/test/1/bbbb'] as const
const PIECE = 1 << 20
const GOSSIPS = 40
const GOSSIP_BYTES = 3000

async function node(t: ExecutionContext) {
  const heard: number[] = []
  const handlers: NetworkHandlers = {
    admits: () => true,
    validate: bytes => {
      heard.push(bytes.length)
      return 'accept'
    },
    ...{ discovered() {}, opened() {}, closed() {} },
  }
  const host = await createHost(
    {
      ...{ seed: randomBytes(32), transport: 'tcp', listen: ['/ip4/127.0.0.1/tcp/0'] },
      ...{ announce: [], bootstrap: [], mdns: false },
    },
    { admits: () => true },
  )
  const [first, second] = TOPICS.map(topic => host.join(topic, handlers))
  await host.start()
  t.teardown(() => host.stop())
  return { host, first: first!, second: second!, heard, handlers }
}

test('bytes are counted for the study that they are sent for, as they are on the wire', async t => {
  const [sender, reader] = [await node(t), await node(t)]
  await reader.first.handle(PROTOCOL, async (stream, peer) => {
    const channel = reader.first.channel(stream, peer)
    await channel.readFrame(PIECE)
    await channel.writeFrame(new Uint8Array(1))
  })
  await sender.first.dial(reader.host.peer, reader.host.addresses(), AbortSignal.timeout(5000))
  await until('gossip knows both', () => sender.second.subscribers().length === 1)

  const before = sender.host.bytesSent()
  const stream = await sender.first.open(reader.host.peer, PROTOCOL, AbortSignal.timeout(5000))
  const channel = sender.first.channel(stream, reader.host.peer)
  await channel.writeFrame(randomBytes(PIECE))
  await channel.readFrame(1)
  const [bulk, all] = [sender.first.studyBytesSent(), sender.host.bytesSent() - before]
  t.true(bulk > PIECE && bulk <= all, `${bulk} of ${all}`)
  t.true(bulk > 0.99 * all, `${bulk} of ${all}`)
  t.is(sender.second.studyBytesSent(), 0)
  // what the reader sends is its window updates and its answer
  t.true(reader.first.studyBytesSent() > 1 && reader.first.studyBytesSent() < PIECE / 100)

  const between = sender.host.bytesSent()
  for (let count = 0; count < GOSSIPS; count++) sender.second.publish(randomBytes(GOSSIP_BYTES))
  await until('all gossip is heard', () => reader.heard.length === GOSSIPS)
  const [gossip, sent] = [sender.second.studyBytesSent(), sender.host.bytesSent() - between]
  t.true(gossip > GOSSIPS * GOSSIP_BYTES && gossip <= sent, `${gossip} of ${sent}`)
  t.true(gossip > 0.95 * sent, `${gossip} of ${sent}`)
  t.is(sender.first.studyBytesSent(), bulk)

  await sender.second.leave()
  const again = sender.host.join(TOPICS[1], sender.handlers)
  t.is(again.studyBytesSent(), 0)
})
