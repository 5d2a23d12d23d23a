/**
 * The libp2p network of one node: admission, gossip and streams. The only module that builds libp2p.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { bootstrap } from '@libp2p/bootstrap'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { gossipsub, StrictNoSign } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import type { Connection, PeerId, Stream } from '@libp2p/interface'
import { mdns } from '@libp2p/mdns'
import { memory } from '@libp2p/memory'
import { peerIdFromString } from '@libp2p/peer-id'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { ProtocolError } from '../../protocols/errors.ts'
import { type Clock, systemClock } from '../clock.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { Channel } from './channel.ts'
import { GOSSIP_DECODE_LIMITS, type GossipVerdict, readGossip } from './gossip-reader.ts'
import { Handshakes } from './limits/handshakes.ts'
import {
  CONNECTIONS_MAX,
  CONNECTIONS_PER_PEER_MAX,
  GOSSIP_UNSENT_BYTES_MAX,
  HANDSHAKES_MAX,
  STREAM_WINDOW_BYTES_MAX,
  STREAMS_PER_CONNECTION_MAX,
  STREAMS_PER_PROTOCOL_MAX,
} from './limits/limits.ts'
import { PeerGuard } from './limits/peer-guard.ts'
import type { StrikeReason, Strikes } from './limits/strikes.ts'
import { Reach } from './reach/reach.ts'
import { REACH_DEFAULTS, type ReachSettings } from './reach/settings.ts'
import { MeteredWire } from './wire-meter.ts'

/** Peers each message is pushed to; anti-entropy repairs what that misses. */
const MESH_DEGREE = 3
const INBOUND_PER_SECOND_MAX = 100
const MDNS_INTERVAL_MS = 5_000
const GOSSIP_HEARTBEAT_MS = 700
/** Time for a gossip frame, from its first byte: more than it takes on the slowest line that a study allows. */
const GOSSIP_FRAME_MS = 30_000
/** Up to this weight a peer's strikes may be accidents and do not remove it from the mesh. */
const STRIKES_BEFORE_SCORE = 25

export interface NetworkInit {
  readonly seed: Uint8Array
  readonly topic: string
  readonly transport: 'tcp' | 'memory'
  readonly listen: readonly string[]
  readonly announce: readonly string[]
  readonly bootstrap: readonly string[]
  readonly mdns: boolean
  /** over TCP; what is left out has its default */
  readonly reach?: Partial<ReachSettings>
  /** libp2p's own datastore for the peer store, if it is to survive a restart */
  readonly datastore?: unknown
  readonly clock?: Clock
}

export interface NetworkHandlers {
  /** whether the roster knows this PeerId */
  admits(peer: string): boolean
  /** decides whether a gossip message is forwarded, and whether its forwarder `from` is faulty */
  validate(bytes: Uint8Array, from: string): GossipVerdict
  discovered(peer: string, addresses: string[]): void
  opened(peer: string): void
  closed(peer: string): void
  /** a peer was refused for that long */
  refused?(peer: string, ms: number, reason: StrikeReason): void
}

/** What the rest of the node sees of libp2p. */
export interface Network {
  readonly peer: string
  /** peers' use of their limits, and their strikes */
  readonly guard: PeerGuard
  /** how peers are reached; over the memory transport it knows no relays and no proxy */
  readonly reach: Reach
  addresses(): string[]
  start(): Promise<void>
  stop(): Promise<void>
  publish(bytes: Uint8Array): void
  /** PeerIds that subscribe to our topic, as gossip sees it */
  subscribers(): string[]
  handle(protocol: string, handler: (stream: Stream, peer: string) => Promise<void>): Promise<void>
  open(peer: string, protocol: string, signal: AbortSignal): Promise<Stream>
  /** a stream of that peer, read with limits and accounted for */
  channel(stream: Stream, peer: string): Channel
  /** whether an address can be dialled as that peer's */
  dialable(peer: string, address: string): boolean
  dial(peer: string, addresses: readonly string[], signal: AbortSignal): Promise<void>
  hangUp(peer: string): Promise<void>
  connected(peer: string): boolean
  /** bytes handed to sockets since the start, encryption and framing included */
  bytesSent(): number
}

function createGossip(topic: string, strikes: Strikes) {
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
    // no peer asks for a message by its id, so none is kept beyond the next heartbeat
    mcacheLength: 1,
    mcacheGossip: 1,
    floodPublish: false,
    doPX: false,
    fallbackToFloodsub: false,
    allowPublishToZeroTopicPeers: true,
    ignoreDuplicatePublishError: true,
    heartbeatInterval: GOSSIP_HEARTBEAT_MS,
    allowedTopics: [topic],
    maxInboundStreams: STREAMS_PER_PROTOCOL_MAX,
    maxOutboundBufferSize: GOSSIP_UNSENT_BYTES_MAX,
    decodeRpcLimits: GOSSIP_DECODE_LIMITS,
    scoreParams: {
      // several hospitals may share one address, and messages are bounded and signed anyway
      IPColocationFactorWeight: 0,
      // below zero a peer is left out of the mesh; silence has its own limit
      appSpecificScore: peer => Math.min(0, STRIKES_BEFORE_SCORE - strikes.weight(peer)),
      appSpecificWeight: 1,
    },
  })
}

async function createHost(
  init: NetworkInit,
  {
    guard,
    wire,
    reach,
    admits,
  }: { guard: PeerGuard; wire: MeteredWire; reach: Reach; admits: (peer: string) => boolean },
) {
  const denied = (peer: PeerId) => !admits(peer.toString())
  const handshakes = new Handshakes()
  return await createLibp2p({
    privateKey: await generateKeyPairFromSeed('Ed25519', init.seed),
    ...(init.datastore !== undefined && { datastore: init.datastore as never }),
    addresses: { listen: [...init.listen], announce: [...init.announce] },
    transports: init.transport === 'tcp' ? reach.transports() : [memory()],
    connectionEncrypters: [wire.encrypter(noise() as never) as never],
    streamMuxers: [
      wire.muxer(
        yamux({
          maxInboundStreams: STREAMS_PER_CONNECTION_MAX,
          streamOptions: { maxStreamWindowSize: STREAM_WINDOW_BYTES_MAX, maxReadBufferLength: STREAM_WINDOW_BYTES_MAX },
        }) as never,
      ) as never,
    ],
    connectionManager: {
      inboundConnectionThreshold: INBOUND_PER_SECOND_MAX,
      maxIncomingPendingConnections: HANDSHAKES_MAX,
      maxConnections: CONNECTIONS_MAX,
      reconnectRetries: 0,
    },
    connectionGater: {
      denyDialPeer: denied,
      denyInboundConnection: connection => !handshakes.begin(connection),
      denyInboundEncryptedConnection: (peer, connection) => {
        handshakes.end(connection)
        return denied(peer)
      },
      denyOutboundEncryptedConnection: denied,
      // hospitals are on loopback and private addresses too
      denyDialMultiaddr: () => false,
      ...reach.gater(),
    },
    peerDiscovery: [
      ...(init.mdns ? [mdns({ interval: MDNS_INTERVAL_MS, serviceTag: '_confrere._udp.local' })] : []),
      ...(init.bootstrap.length > 0 ? [bootstrap({ list: [...init.bootstrap] })] : []),
    ],
    services: {
      identify: identify(),
      pubsub: createGossip(init.topic, guard.strikes),
      ...(init.transport === 'tcp' ? reach.services() : {}),
    },
    start: false,
  })
}

type Host = Awaited<ReturnType<typeof createHost>>

function listen(host: Host, handlers: NetworkHandlers, guard: PeerGuard): void {
  host.addEventListener('connection:open', event => limitConnections(host, event.detail, guard))
  host.addEventListener('peer:connect', event => handlers.opened(event.detail.toString()))
  host.addEventListener('peer:disconnect', event => handlers.closed(event.detail.toString()))
  host.addEventListener('peer:discovery', event => {
    const { id, multiaddrs } = event.detail
    handlers.discovered(
      id.toString(),
      multiaddrs.map(address => address.toString()),
    )
  })
}

/** Closes a peer's oldest connections above the limit: the peer may have forgotten them. */
function limitConnections(host: Host, connection: Connection, guard: PeerGuard): void {
  const peer = connection.remotePeer
  // our own dials are not its doing: a hospital that does not know us yet closes them, and we dial again
  const allowed = connection.direction === 'outbound' || guard.connects(peer.toString())
  // the peer may have been refused during the handshake
  if (!allowed || guard.strikes.refuses(peer.toString())) {
    return connection.abort(new Error('refused'))
  }
  const open = host.getConnections(peer).sort((a, b) => a.timeline.open - b.timeline.open)
  for (const old of open.slice(0, Math.max(0, open.length - CONNECTIONS_PER_PEER_MAX))) {
    guard.strikes.add(peer.toString(), 'too-many-connections')
    old.abort(new Error('too many connections'))
  }
}

/** Builds the network; nothing listens before `start`. */
export async function createNetwork(init: NetworkInit, handlers: NetworkHandlers): Promise<Network> {
  const { clock = systemClock } = init
  let sent = 0
  let host: Host | undefined
  const refused = (peer: string, ms: number, reason: StrikeReason) => {
    handlers.refused?.(peer, ms, reason)
    const open = host?.getConnections(peerIdFromString(peer)) ?? []
    for (const connection of open) connection.abort(new Error(`refused: ${reason}`))
  }
  const guard = new PeerGuard({ clock, refused })
  const wire = new MeteredWire({
    sent: bytes => {
      sent += bytes
    },
    received: (peer, bytes) => guard.received(peer, bytes),
    frame: peer => guard.frames(peer),
    overrun: peer => guard.strikes.add(peer, 'long-frame'),
    carried: (relay, bytes) => guard.carried(relay, bytes),
  })
  const admits = (peer: string) => handlers.admits(peer) && !guard.strikes.refuses(peer)
  const reach = new Reach({
    ...{ settings: { ...REACH_DEFAULTS, ...init.reach }, clock, time: Date.now, admits },
    carried: (peer, bytes) => guard.account(peer, bytes),
    wrote: peer => guard.writes(peer),
  })
  host = await createHost(init, { guard, wire, reach, admits })
  reach.attach(host)
  const channel = (stream: Stream, peer: string) =>
    new Channel(stream, { clock, read: bytes => guard.account(peer, bytes), wrote: () => guard.writes(peer) })
  const { topic } = init
  const validate = (bytes: Uint8Array, from: string) => handlers.validate(bytes, from)
  readGossip(host.services.pubsub, { topic, guard, channel, frameMs: GOSSIP_FRAME_MS, validate })
  listen(host, handlers, guard)
  return networkOf(host, { init, guard, reach, channel, sent: () => sent })
}

function networkOf(
  host: Host,
  {
    init,
    guard,
    reach,
    channel,
    sent,
  }: Pick<Network, 'guard' | 'reach' | 'channel'> & { init: NetworkInit; sent: () => number },
): Network {
  const { pubsub } = host.services
  return {
    peer: host.peerId.toString(),
    guard,
    reach,
    channel,
    addresses: () => host.getMultiaddrs().map(address => address.toString()),
    start: () => startHost(host, init),
    stop: async () => await host.stop(),
    publish: bytes => {
      pubsub.publish(init.topic, bytes).catch(() => {})
    },
    subscribers: () => pubsub.getSubscribers(init.topic).map(peer => peer.toString()),
    handle: async (protocol, handler) => {
      const limited = limitStreams(handler, guard)
      await host.handle(protocol, (stream, connection) => limited(stream, connection.remotePeer.toString()), {
        // our own limit, which adds strikes, applies first
        maxInboundStreams: 4 * STREAMS_PER_PROTOCOL_MAX,
        maxOutboundStreams: 4 * STREAMS_PER_PROTOCOL_MAX,
      })
    },
    open: async (peer, protocol, signal) => {
      try {
        return await host.dialProtocol(peerIdFromString(peer), protocol, { signal })
      } catch (cause) {
        // a stream that closes during negotiation throws the event itself
        if (cause instanceof Error) throw cause
        throw new ProtocolError('stream-ended', 'the stream closed before it was open', { action: 'ignore', cause })
      }
    },
    dialable: (peer, address) => targetOf(peer, address) !== undefined,
    dial: async (peer, addresses, signal) => {
      const targets = addresses.flatMap(address => targetOf(peer, address) ?? [])
      await reach.dial(peer, targets, signal)
    },
    hangUp: async peer => await host.hangUp(peerIdFromString(peer)),
    connected: peer => host.getConnections(peerIdFromString(peer)).some(connection => connection.status === 'open'),
    bytesSent: sent,
  }
}

/** The address with that peer's id; undefined when it is malformed or another peer's. */
function targetOf(peer: string, address: string): Multiaddr | undefined {
  try {
    const parsed = multiaddr(address.includes('/p2p/') ? address : `${address}/p2p/${peer}`)
    const ends = parsed.getComponents().filter(({ name }) => name === 'p2p')
    return ends.length === 1 && ends[0]?.value === peer ? parsed : undefined
  } catch {
    return undefined
  }
}

type StreamHandler = (stream: Stream, peer: string) => Promise<void>

/** Limits a peer's streams of one protocol over all of its connections: the oldest is aborted. */
function limitStreams(handler: StreamHandler, guard: PeerGuard): StreamHandler {
  const open = new Map<string, Stream[]>()
  return async (stream, peer) => {
    if (!guard.requests(peer)) return stream.abort(new Error('too many requests'))
    const streams = open.get(peer) ?? []
    open.set(peer, streams)
    streams.push(stream)
    stream.addEventListener('close', () => {
      const at = streams.indexOf(stream)
      if (at >= 0) streams.splice(at, 1)
    })
    while (streams.length > STREAMS_PER_PROTOCOL_MAX) {
      guard.strikes.add(peer, 'too-many-streams')
      streams.shift()?.abort(new Error('too many streams'))
    }
    await handler(stream, peer)
  }
}

async function startHost(host: Host, init: NetworkInit): Promise<void> {
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

/** The first known reason in libp2p's error, which joins those of all transports into one text. */
function reasonOf(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause)
  if (text.includes('EADDRINUSE')) return 'the address is in use'
  if (text.includes('EADDRNOTAVAIL')) return 'this machine has no such address'
  if (text.includes('EACCES')) return 'permission is denied'
  return text.split('\n')[0] as string
}
