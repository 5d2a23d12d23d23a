/**
 * The libp2p network of one node: who may connect, what is gossiped, which streams are open. The only place that
 * builds libp2p.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { bootstrap } from '@libp2p/bootstrap'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { gossipsub, StrictNoSign, TopicValidatorResult } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import type { ConnectionEncrypter, MultiaddrConnection, PeerId, Stream } from '@libp2p/interface'
import { mdns } from '@libp2p/mdns'
import { memory } from '@libp2p/memory'
import { peerIdFromString } from '@libp2p/peer-id'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { EXIT, OperatorError } from '../crypto/errors.ts'
import { MESSAGE_BYTES_MAX } from '../protocols/round/constants.ts'

/** Peers each message is pushed to; anti-entropy repairs what that misses. */
const MESH_DEGREE = 3
const INBOUND_PER_SECOND_MAX = 100
const STREAM_WINDOW_BYTES_MAX = 1 << 20
const STREAMS_MAX = 256
const DIAL_TIMEOUT_MS = 10_000
const MDNS_INTERVAL_MS = 5_000
const GOSSIP_HEARTBEAT_MS = 700

export type Verdict = 'accept' | 'ignore' | 'reject'

export interface NetworkInit {
  readonly seed: Uint8Array
  readonly topic: string
  readonly transport: 'tcp' | 'memory'
  readonly listen: readonly string[]
  readonly announce: readonly string[]
  readonly bootstrap: readonly string[]
  readonly mdns: boolean
  /** libp2p's own datastore for the peer store, if it is to survive a restart */
  readonly datastore?: unknown
}

export interface NetworkHandlers {
  /** whether the roster knows this PeerId */
  admits(peer: string): boolean
  /** a gossip message's fate; decides whether it is passed on */
  validate(bytes: Uint8Array): Verdict
  discovered(peer: string, addresses: string[]): void
  opened(peer: string): void
  closed(peer: string): void
}

/** What the rest of the node sees of libp2p. */
export interface Network {
  readonly peer: string
  addresses(): string[]
  start(): Promise<void>
  stop(): Promise<void>
  publish(bytes: Uint8Array): void
  /** PeerIds that subscribe to our topic, as gossip sees it */
  subscribers(): string[]
  handle(protocol: string, handler: (stream: Stream, peer: string) => Promise<void>): Promise<void>
  open(peer: string, protocol: string, signal: AbortSignal): Promise<Stream>
  dial(peer: string, addresses: readonly string[], signal: AbortSignal): Promise<void>
  hangUp(peer: string): Promise<void>
  connected(peer: string): boolean
  /** bytes handed to sockets since the start, encryption and framing included */
  bytesSent(): number
}

/** Counts what a connection writes, below encryption: the bytes that the socket is given. */
function countingNoise(count: (bytes: number) => void): (components: never) => ConnectionEncrypter {
  return components => {
    const inner = noise()(components)
    const counted = <T>(connection: T): T => {
      const raw = connection as unknown as MultiaddrConnection
      const send = raw.send.bind(raw)
      raw.send = data => {
        count(data.byteLength)
        return send(data)
      }
      return connection
    }
    return new Proxy(inner, {
      get(target, property) {
        const value = Reflect.get(target, property, target)
        if (property === 'secureInbound' || property === 'secureOutbound') {
          return (connection: unknown, options: unknown) =>
            (value as (...args: unknown[]) => unknown).call(target, counted(connection), options)
        }
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  }
}

function createGossip() {
  return gossipsub({
    globalSignaturePolicy: StrictNoSign,
    msgIdFn: message => createHash('sha256').update(message.data).digest(),
    D: MESH_DEGREE,
    Dlo: 2,
    Dhi: MESH_DEGREE + 1,
    Dscore: 1,
    Dout: 1,
    Dlazy: 0,
    gossipFactor: 0,
    floodPublish: false,
    doPX: false,
    fallbackToFloodsub: false,
    allowPublishToZeroTopicPeers: true,
    ignoreDuplicatePublishError: true,
    heartbeatInterval: GOSSIP_HEARTBEAT_MS,
    maxInboundDataLength: 4 * MESSAGE_BYTES_MAX,
    // several hospitals may share one address, and messages are bounded and signed anyway
    scoreParams: { IPColocationFactorWeight: 0 },
  })
}

async function createHost(init: NetworkInit, handlers: NetworkHandlers, count: (bytes: number) => void) {
  const denied = (peer: PeerId) => !handlers.admits(peer.toString())
  return await createLibp2p({
    privateKey: await generateKeyPairFromSeed('Ed25519', init.seed),
    ...(init.datastore !== undefined && { datastore: init.datastore as never }),
    addresses: { listen: [...init.listen], announce: [...init.announce] },
    transports: [init.transport === 'tcp' ? tcp() : memory()],
    connectionEncrypters: [countingNoise(count) as never],
    streamMuxers: [yamux({ streamOptions: { maxStreamWindowSize: STREAM_WINDOW_BYTES_MAX } })],
    connectionManager: { inboundConnectionThreshold: INBOUND_PER_SECOND_MAX, reconnectRetries: 0 },
    connectionGater: {
      denyDialPeer: denied,
      denyInboundEncryptedConnection: denied,
      denyOutboundEncryptedConnection: denied,
      // loopback and private addresses are where hospitals are
      denyDialMultiaddr: () => false,
    },
    peerDiscovery: [
      ...(init.mdns ? [mdns({ interval: MDNS_INTERVAL_MS, serviceTag: '_confrere._udp.local' })] : []),
      ...(init.bootstrap.length > 0 ? [bootstrap({ list: [...init.bootstrap] })] : []),
    ],
    services: { identify: identify(), pubsub: createGossip() },
    start: false,
  })
}

/** Builds the network; nothing listens before `start`. */
export async function createNetwork(init: NetworkInit, handlers: NetworkHandlers): Promise<Network> {
  let sent = 0
  const host = await createHost(init, handlers, bytes => {
    sent += bytes
  })
  const { pubsub } = host.services
  pubsub.topicValidators.set(init.topic, (_, message) => {
    const verdict = message.data.length > MESSAGE_BYTES_MAX ? 'reject' : handlers.validate(message.data)
    if (verdict === 'accept') return TopicValidatorResult.Accept
    return verdict === 'reject' ? TopicValidatorResult.Reject : TopicValidatorResult.Ignore
  })
  host.addEventListener('peer:connect', event => handlers.opened(event.detail.toString()))
  host.addEventListener('peer:disconnect', event => handlers.closed(event.detail.toString()))
  host.addEventListener('peer:discovery', event => {
    const { id, multiaddrs } = event.detail
    handlers.discovered(
      id.toString(),
      multiaddrs.map(address => address.toString()),
    )
  })
  return {
    peer: host.peerId.toString(),
    addresses: () => host.getMultiaddrs().map(address => address.toString()),
    start: () => startHost(host, init),
    stop: async () => await host.stop(),
    publish: bytes => {
      pubsub.publish(init.topic, bytes).catch(() => {})
    },
    subscribers: () => pubsub.getSubscribers(init.topic).map(peer => peer.toString()),
    handle: async (protocol, handler) =>
      await host.handle(protocol, (stream, connection) => handler(stream, connection.remotePeer.toString()), {
        maxInboundStreams: STREAMS_MAX,
        maxOutboundStreams: STREAMS_MAX,
      }),
    open: async (peer, protocol, signal) => await host.dialProtocol(peerIdFromString(peer), protocol, { signal }),
    dial: async (peer, addresses, signal) => {
      const targets = addresses.map(address =>
        multiaddr(address.includes('/p2p/') ? address : `${address}/p2p/${peer}`),
      )
      await host.dial(targets, { signal: AbortSignal.any([signal, AbortSignal.timeout(DIAL_TIMEOUT_MS)]) })
    },
    hangUp: async peer => await host.hangUp(peerIdFromString(peer)),
    connected: peer => host.getConnections(peerIdFromString(peer)).some(connection => connection.status === 'open'),
    bytesSent: () => sent,
  }
}

async function startHost(host: Awaited<ReturnType<typeof createHost>>, init: NetworkInit): Promise<void> {
  try {
    await host.start()
  } catch (cause) {
    throw new OperatorError('cannot-listen', `Cannot listen on ${init.listen.join(', ')}: ${reasonOf(cause)}`, {
      hint: 'Another program may use the port. Choose a free one under [network] listen in config.toml.',
      exitCode: EXIT.cannotListen,
      cause,
    })
  }
  host.services.pubsub.subscribe(init.topic)
}

/** libp2p folds the reasons of all its transports into one text. */
function reasonOf(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause)
  if (text.includes('EADDRINUSE')) return 'the address is in use'
  if (text.includes('EADDRNOTAVAIL')) return 'this machine has no such address'
  if (text.includes('EACCES')) return 'permission is denied'
  return text.split('\n')[0] as string
}
