/** What the rest of the node sees of libp2p: one host, and a network for each study on it. @module */

import type { Stream } from '@libp2p/interface'
import type { Clock } from '../clock.ts'
import type { Channel } from './channel.ts'
import type { GossipVerdict } from './gossip-reader.ts'
import type { PeerGuard } from './limits/peer-guard.ts'
import type { StreamHandler } from './limits/streams.ts'
import type { StrikeReason } from './limits/strikes.ts'
import type { Reach } from './reach/reach.ts'
import type { ReachSettings } from './reach/settings.ts'

export interface HostInit {
  readonly seed: Uint8Array
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

/** Who decides for the whole node. */
export interface HostHandlers {
  /** whether a peer outside of all studies is let in: to nothing but what asks for no study */
  admits?(peer: string): boolean
  /**
   * Whether that peer may open that protocol, of those that ask for no study; absent: every admitted peer may.
   *
   * @param isMember of a study that runs here
   */
  readonly allows?: (peer: string, protocol: string, isMember: boolean) => boolean
  /** a peer was refused for that long */
  refused?(peer: string, ms: number, reason: StrikeReason): void
}

/** Who decides for one study. */
export interface NetworkHandlers {
  /** whether the study's roster knows this PeerId */
  admits(peer: string): boolean
  /** decides whether a gossip message is forwarded, and whether its forwarder `from` is faulty */
  validate(bytes: Uint8Array, from: string): GossipVerdict
  discovered(peer: string, addresses: string[]): void
  opened(peer: string): void
  closed(peer: string): void
}

/** What all protocols see of libp2p. */
export interface Streams {
  readonly peer: string
  /** peers' use of their limits, and their strikes */
  readonly guard: PeerGuard
  /** how peers are reached; over the memory transport it knows no relays and no proxy */
  readonly reach: Reach
  addresses(): string[]
  handle(protocol: string, handler: StreamHandler): Promise<void>
  open(peer: string, protocol: string, signal: AbortSignal): Promise<Stream>
  /** a stream of that peer, read with limits and accounted for */
  channel(stream: Stream, peer: string): Channel
  /** whether an address can be dialled as that peer's */
  dialable(peer: string, address: string): boolean
  dial(peer: string, addresses: readonly string[], signal: AbortSignal): Promise<void>
  hangUp(peer: string): Promise<void>
  connected(peer: string): boolean
  /** the network address that a connected peer comes from, without its port */
  hostOf(peer: string): string
  /** bytes handed to sockets since the start, for all studies, encryption and framing included */
  bytesSent(): number
}

/** The node's one host: its key, its addresses, its connections. */
export interface NetworkHost extends Streams {
  start(): Promise<void>
  stop(): Promise<void>
  /** addresses by peer, as the config, the local network and earlier runs told them */
  found(): ReadonlyMap<string, readonly string[]>
  /** whether some study, or the node itself, lets this peer in */
  admits(peer: string): boolean
  /** Takes part in a topic. Its protocols have names of their own, so that each study's streams go to that study. */
  join(topic: string, handlers: NetworkHandlers): Network
}

/** What one study sees of the host. `handle` and `open` are for members of the study. */
export interface Network extends Streams {
  /** protocols that are the same for all studies */
  readonly host: NetworkHost
  publish(bytes: Uint8Array): void
  /** of `bytesSent`, those that were sent for this study since it joined: its streams and its gossip */
  studyBytesSent(): number
  /** PeerIds that subscribe to our topic, as gossip sees it */
  subscribers(): string[]
  /** looks again at who is a member: whom nobody admits any more is cut off at once */
  refresh(): void
  /** leaves the topic */
  leave(): Promise<void>
}

/** A host with one study, which starts and stops with it. */
export interface SoleNetwork extends Network, Pick<NetworkHost, 'start' | 'stop'> {}
