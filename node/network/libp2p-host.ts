/**
 * The libp2p host of one node, and the network that each study sees of it: admission, gossip and streams. The only module
 * that builds libp2p.
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
import { createLibp2p } from 'libp2p'
import { ProtocolError } from '../../protocols/errors.ts'
import { systemClock } from '../clock.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { Channel } from './channel.ts'
import { FoundAddresses } from './found-addresses.ts'
import { GOSSIP_DECODE_LIMITS, type GossipTopics, readGossip } from './gossip-reader.ts'
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
import { limitStreams } from './limits/streams.ts'
import type { StrikeReason, Strikes } from './limits/strikes.ts'
import type { HostHandlers, HostInit, Network, NetworkHandlers, NetworkHost, SoleNetwork, Streams } from './network.ts'
import { Reach } from './reach/reach.ts'
import { RELAY_PROTOCOL } from './reach/relay-server.ts'
import { REACH_DEFAULTS } from './reach/settings.ts'
import { StudyBytes } from './study-bytes.ts'
import { targetOf } from './target.ts'
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

function createGossip(strikes: Strikes) {
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

interface HostParts {
  readonly guard: PeerGuard
  readonly wire: MeteredWire
  readonly reach: Reach
  readonly admits: (peer: string) => boolean
}

async function createLibp2pHost(init: HostInit, { guard, wire, reach, admits }: HostParts) {
  const denied = (peer: PeerId) => !admits(peer.toString())
  const handshakes = new Handshakes()
  const refused = (peer: PeerId, connection: Parameters<Handshakes['knows']>[0]): boolean =>
    denied(peer) || handshakes.knows(connection)
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
      // libp2p refuses who comes newly; the oldest is ended before it comes to that
      maxIncomingPendingConnections: 2 * HANDSHAKES_MAX,
      maxConnections: CONNECTIONS_MAX,
      reconnectRetries: 0,
    },
    connectionGater: {
      denyDialPeer: denied,
      denyInboundConnection: connection => !handshakes.begin(connection),
      denyInboundEncryptedConnection: (peer, connection) => {
        handshakes.end(connection)
        return refused(peer, connection)
      },
      denyOutboundEncryptedConnection: refused,
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
      pubsub: createGossip(guard.strikes),
      ...(init.transport === 'tcp' ? reach.services() : {}),
    },
    start: false,
  })
}

type Host = Awaited<ReturnType<typeof createLibp2pHost>>

function listen(
  host: Host,
  { studies, guard, found }: { studies: ReadonlyMap<string, NetworkHandlers>; guard: PeerGuard; found: FoundAddresses },
): void {
  host.addEventListener('connection:open', event => limitConnections(host, event.detail, guard))
  host.addEventListener('peer:connect', event => {
    for (const study of studies.values()) study.opened(event.detail.toString())
  })
  host.addEventListener('peer:disconnect', event => {
    for (const study of studies.values()) study.closed(event.detail.toString())
  })
  host.addEventListener('peer:discovery', event => {
    const { id, multiaddrs } = event.detail
    const addresses = multiaddrs.map(address => address.toString())
    found.add(id.toString(), addresses)
    for (const study of studies.values()) study.discovered(id.toString(), addresses)
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

/** Builds the host; nothing listens before `start`. */
export async function createHost(init: HostInit, handlers: HostHandlers = {}): Promise<NetworkHost> {
  const { clock = systemClock } = init
  const studies = new Map<string, NetworkHandlers>()
  let sent = 0
  let host: Host | undefined
  const refused = (peer: string, ms: number, reason: StrikeReason) => {
    handlers.refused?.(peer, ms, reason)
    const open = host?.getConnections(peerIdFromString(peer)) ?? []
    for (const connection of open) connection.abort(new Error(`refused: ${reason}`))
  }
  const guard = new PeerGuard({ clock, refused })
  const ofStudies = new StudyBytes()
  const wire = new MeteredWire({
    sent: bytes => {
      sent += bytes
    },
    received: (peer, bytes) => guard.received(peer, bytes),
    wrote: (protocol, payload) => ofStudies.frame(protocol, payload),
    frame: peer => guard.frames(peer),
    overrun: peer => guard.strikes.add(peer, 'long-frame'),
    carried: (relay, bytes) => guard.carried(relay, bytes),
  })
  const isMember = (peer: string): boolean => [...studies.values()].some(study => study.admits(peer))
  const admits = (peer: string): boolean => isMember(peer) || handlers.admits?.(peer) === true
  const allows = (peer: string, protocol: string): boolean =>
    handlers.allows?.(peer, protocol, isMember(peer)) !== false
  const isWelcome = (peer: string): boolean => admits(peer) && !guard.strikes.refuses(peer)
  const reach = new Reach({
    ...{ settings: { ...REACH_DEFAULTS, ...init.reach }, clock, time: Date.now },
    // strangers that come with an invitation are not relayed
    admits: peer => isWelcome(peer) && allows(peer, RELAY_PROTOCOL),
    welcomes: isWelcome,
    carried: (peer, bytes) => guard.account(peer, bytes),
    wrote: peer => guard.writes(peer),
  })
  host = await createLibp2pHost(init, { guard, wire, reach, admits: isWelcome })
  reach.attach(host)
  ofStudies.watch(host.services.pubsub)
  const channel = (stream: Stream, peer: string) =>
    new Channel(stream, { clock, read: bytes => guard.account(peer, bytes), wrote: () => guard.writes(peer) })
  const topics = readGossip(host.services.pubsub, { guard, channel, frameMs: GOSSIP_FRAME_MS })
  host.addEventListener('peer:disconnect', event => {
    const peer = event.detail.toString()
    topics.forget(peer)
    if (!isMember(peer)) guard.forget(peer)
  })
  const found = new FoundAddresses()
  found.addNamed(init.bootstrap)
  listen(host, { studies, guard, found })
  const streams = streamsOf(host, { guard, reach, channel, sent: () => sent, allows })
  const libp2p = host
  const whole: NetworkHost = {
    ...streams,
    admits,
    found: () => found.all,
    start: async () => {
      await startHost(libp2p, { listen: init.listen, topics: studies.keys() })
      for (const { id, addresses } of await libp2p.peerStore.all())
        found.add(
          id.toString(),
          addresses.map(({ multiaddr: one }) => one.toString()),
        )
    },
    stop: async () => await libp2p.stop(),
    join: (topic, study) => {
      studies.set(topic, study)
      ofStudies.begin(topic)
      topics.set(topic, study)
      // those that join before the start are subscribed to with it
      if (libp2p.status === 'started') libp2p.services.pubsub.subscribe(topic)
      return networkOf(whole, libp2p, { topic, study, topics, streams, ofStudies, left: () => studies.delete(topic) })
    },
  }
  return whole
}

/** A host with one study, which starts and stops with it. */
export async function createNetwork(
  { topic, ...init }: HostInit & { readonly topic: string },
  handlers: NetworkHandlers & HostHandlers,
): Promise<SoleNetwork> {
  const { refused } = handlers
  const host = await createHost(init, { ...(refused && { refused }) })
  return { ...host.join(topic, handlers), start: host.start, stop: host.stop }
}

function streamsOf(
  host: Host,
  {
    guard,
    reach,
    channel,
    sent,
    allows,
  }: Pick<Streams, 'guard' | 'reach' | 'channel'> & {
    sent: () => number
    allows: (peer: string, protocol: string) => boolean
  },
): Streams {
  return {
    peer: host.peerId.toString(),
    guard,
    reach,
    channel,
    addresses: () => host.getMultiaddrs().map(address => address.toString()),
    handle: async (protocol, handler) => {
      const limited = limitStreams(handler, guard)
      const allowed = (stream: Stream, peer: string) =>
        allows(peer, protocol) ? limited(stream, peer) : stream.abort(new Error('not open to you'))
      await host.handle(protocol, (stream, connection) => allowed(stream, connection.remotePeer.toString()), {
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
    hostOf: peer => host.getConnections(peerIdFromString(peer))[0]?.remoteAddr.getComponents()[0]?.value ?? '',
    bytesSent: sent,
  }
}

/** The host as one study sees it. */
function networkOf(
  host: NetworkHost,
  libp2p: Host,
  { topic, study, topics, streams, ofStudies, left }: JoinedTopic,
): Network {
  const { pubsub } = libp2p.services
  const handled: string[] = []
  const named = (protocol: string): string => `${protocol}/${topic.slice(topic.lastIndexOf('/') + 1)}`
  const cutOffStrangers = (): void => {
    const open = new Set(libp2p.getConnections().map(({ remotePeer }) => remotePeer.toString()))
    for (const peer of open) if (!host.admits(peer)) host.hangUp(peer).catch(() => {})
  }
  return {
    ...streams,
    host,
    handle: async (protocol, handler) => {
      handled.push(named(protocol))
      await host.handle(named(protocol), async (stream, peer) => {
        if (study.admits(peer)) return await handler(stream, peer)
        // a member of another study of this node
        stream.abort(new Error('not in the roster'))
      })
    },
    open: async (peer, protocol, signal) => await host.open(peer, named(protocol), signal),
    publish: bytes => {
      pubsub.publish(topic, bytes).catch(() => {})
    },
    studyBytesSent: () => ofStudies.of(topic),
    subscribers: () => pubsub.getSubscribers(topic).map(peer => peer.toString()),
    refresh: () => {
      topics.refresh(topic)
      cutOffStrangers()
    },
    leave: async () => {
      left()
      ofStudies.end(topic)
      topics.set(topic, null)
      if (libp2p.status === 'started') pubsub.unsubscribe(topic)
      await Promise.all(handled.map(protocol => libp2p.unhandle(protocol)))
      cutOffStrangers()
    },
  }
}

interface JoinedTopic {
  readonly topic: string
  readonly study: NetworkHandlers
  readonly topics: GossipTopics
  readonly streams: Streams
  readonly ofStudies: StudyBytes
  readonly left: () => void
}

async function startHost(
  host: Host,
  { listen, topics }: { listen: readonly string[]; topics: Iterable<string> },
): Promise<void> {
  try {
    await host.start()
  } catch (cause) {
    throw new OperatorError('cannot-listen', `Cannot listen on ${listen.join(', ')}: ${reasonOf(cause)}`, {
      hint: 'Another program may use the port. Choose a free one under [network] listen in config.toml.',
      exitCode: EXIT.cannotListen,
      cause,
    })
  }
  for (const topic of topics) host.services.pubsub.subscribe(topic)
}

/** The first known reason in libp2p's error, which joins those of all transports into one text. */
function reasonOf(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause)
  if (text.includes('EADDRINUSE')) return 'the address is in use'
  if (text.includes('EADDRNOTAVAIL')) return 'this machine has no such address'
  if (text.includes('EACCES')) return 'permission is denied'
  return text.split('\n')[0] as string
}
