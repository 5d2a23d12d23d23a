/**
 * How this node reaches others and is reached: TCP, WebSockets, a proxy, relays. Made before libp2p's host, which takes
 * transports, services and rules from it; then attached to the host.
 *
 * @module
 */

import { dcutr } from '@libp2p/dcutr'
import type { Connection, ConnectionGater, Libp2p, PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Clock } from '../../clock.ts'
import { type DialFailure, DialFailures, OWN_PLACE } from './dial-failures.ts'
import { endpointOf } from './endpoint.ts'
import { ReachError } from './reach-error.ts'
import { RelayClient } from './relay-client.ts'
import { relayOf } from './relay-of.ts'
import { RELAY_PROTOCOL, type Relayed, RelayServer } from './relay-server.ts'
import { type ProxyFor, proxyRule, type ReachSettings } from './settings.ts'
import { circuitTransport, type Reservations, tcpTransport, webSocketTransport } from './transports.ts'

const DIAL_MS_MAX = 10_000
/** How often places at relays are looked after, and direct ways tried for who is reached through a relay. */
const TEND_MS = 30_000
/** Relays that did not have a peer are asked again after this time, which doubles each time: an absent peer is dialled often. */
const RELAYS_ASKED_MS_MIN = 1000
const RELAYS_ASKED_MS_MAX = 30_000
/** A connection of ours that the other side ends so soon was not let in. */
const TURNED_AWAY_MS = 5_000

/** How a connected peer is reached. */
export type Way =
  | { readonly via: 'direct'; readonly address: string }
  /** `proxy`: its address without credentials */
  | { readonly via: 'proxy'; readonly address: string; readonly proxy: string }
  /** `relay`: the PeerId of who relays */
  | { readonly via: 'relay'; readonly address: string; readonly relay: string }

export interface ReachParts {
  readonly settings: ReachSettings
  readonly clock: Clock
  /** ms since 1970 */
  readonly time: () => number
  /** whether a peer is in the roster or a contact, and not refused at present */
  readonly admits: (peer: string) => boolean
  /** whether a peer may connect at all: also one that is to become a contact */
  readonly welcomes: (peer: string) => boolean
  /** a relayed connection or a circuit delivers bytes of that peer, or writes some to it */
  readonly carried: (peer: string, bytes: number) => void
  readonly wrote: (peer: string) => void
}

export class Reach {
  readonly #parts: ReachParts
  readonly #proxyFor: ProxyFor
  readonly #failures: DialFailures
  readonly #client: RelayClient
  readonly #server: RelayServer | undefined
  #host: Libp2p | undefined
  #reservations: Reservations | undefined
  /** direct addresses of peers, as they were last dialled */
  readonly #direct = new Map<string, readonly Multiaddr[]>()
  /** peers that no relay had when it was last asked */
  readonly #unrelayed = new Map<string, { readonly askAt: number; readonly waitMs: number }>()

  /** @throws SettingError for a proxy or an exception that is none */
  constructor(parts: ReachParts) {
    this.#parts = parts
    this.#proxyFor = proxyRule(parts.settings)
    this.#failures = new DialFailures(parts.time)
    this.#server = parts.settings.relay ? new RelayServer(parts) : undefined
    this.#client = new RelayClient({
      self: () => (this.#host as Libp2p).peerId.toString(),
      reservations: () => this.#reservations as Reservations,
      failed: (relay, error) => this.#failures.failed(relay, OWN_PLACE, error),
      after: (ms, run) => void parts.clock.after(ms, () => this.#host?.status === 'started' && run()),
    })
  }

  /** libp2p's transports. */
  transports() {
    const failed = (address: Multiaddr, error: unknown) => {
      const peer = peerOf(address)
      if (peer !== undefined) this.#failures.failed(peer, address.toString(), error)
    }
    const parts = { proxyFor: this.#proxyFor, ca: this.#parts.settings.ca, failed }
    const circuits = circuitTransport(failed, reservations => {
      this.#reservations = reservations
    })
    return [tcpTransport(parts), webSocketTransport(parts), circuits]
  }

  /** libp2p's services: hole punching, and relaying where the settings say so. */
  services(): object {
    return { dcutr: dcutr(), ...(this.#server !== undefined && { relay: this.#server.service }) }
  }

  /** Who may be relayed, and through whom. */
  gater(): Pick<
    ConnectionGater,
    'denyInboundRelayReservation' | 'denyOutboundRelayedConnection' | 'denyInboundRelayedConnection'
  > {
    const { admits, welcomes } = this.#parts
    const both = (one: PeerId, other: PeerId) => admits(one.toString()) && admits(other.toString())
    return {
      denyInboundRelayReservation: peer => !admits(peer.toString()),
      denyOutboundRelayedConnection: (from, to) =>
        !both(from, to) || this.#server?.allows(from.toString(), to.toString()) !== true,
      // two that were introduced to each other become contacts through who introduced them
      denyInboundRelayedConnection: (relay, peer) => !admits(relay.toString()) || !welcomes(peer.toString()),
    }
  }

  /** Begins to look after relays. */
  attach(host: Libp2p): void {
    this.#host = host
    host.addEventListener('peer:identify', ({ detail: { peerId, protocols, connection } }) => {
      if (protocols.includes(RELAY_PROTOCOL) && connection.direct) this.#client.found(peerId.toString())
    })
    host.addEventListener('connection:open', ({ detail: connection }) => {
      const peer = connection.remotePeer.toString()
      this.#failures.reached(peer, connection.remoteAddr.toString())
      this.#unrelayed.delete(peer)
    })
    host.addEventListener('connection:close', ({ detail: connection }) => this.#closed(connection))
    const tend = () => {
      if (host.status === 'stopped' || host.status === 'stopping') return
      if (host.status === 'started') this.#tend()
      this.#parts.clock.after(TEND_MS, tend)
    }
    this.#parts.clock.after(TEND_MS, tend)
  }

  #closed(connection: Connection): void {
    const peer = connection.remotePeer.toString()
    const open = this.#open(connection.remotePeer)
    if (!open.some(other => other.direct)) this.#client.lost(peer)
    const { timeline, direction } = connection
    const lastedMs = (timeline.close ?? Number.POSITIVE_INFINITY) - timeline.open
    const isOurs = !this.#parts.admits(peer) || this.#host?.status !== 'started'
    if (direction === 'inbound' || isOurs || lastedMs > TURNED_AWAY_MS || open.length > 0) return
    const text = 'it ended the connection at once: it is starting, does not know this node, or refuses it for a while'
    this.#failures.failed(peer, connection.remoteAddr.toString(), new ReachError('turned-away', text))
  }

  #tend(): void {
    this.#client.tend()
    const peers = new Set((this.#host as Libp2p).getPeers().map(peer => peer.toString()))
    for (const peer of this.#direct.keys()) if (!peers.has(peer)) this.#direct.delete(peer)
    for (const peer of this.#unrelayed.keys()) if (!this.#parts.admits(peer)) this.#unrelayed.delete(peer)
    for (const [peer, addresses] of this.#direct) {
      if (this.way(peer)?.via !== 'relay') continue
      // libp2p dials although it has a relayed connection; new streams then take the direct one
      this.#host?.dial([...addresses], { signal: AbortSignal.timeout(DIAL_MS_MAX) }).catch(() => {})
    }
  }

  /**
   * Dials a peer at its addresses, then through relays.
   *
   * @throws Error of the direct dial, where there was one
   */
  async dial(peer: string, addresses: readonly Multiaddr[], signal: AbortSignal): Promise<void> {
    const host = this.#host as Libp2p
    const within = () => ({ signal: AbortSignal.any([signal, AbortSignal.timeout(DIAL_MS_MAX)]) })
    let failure: unknown = new ReachError('no-address', 'no address of that peer is known')
    if (addresses.length > 0) {
      this.#direct.set(peer, addresses)
      try {
        await host.dial([...addresses], within())
        return
      } catch (error) {
        failure = error
      }
    }
    const relayed = this.#relaysToAsk(peer)
    if (relayed.length === 0 || signal.aborted) throw failure
    try {
      await host.dial(relayed, within())
      this.#unrelayed.delete(peer)
    } catch (error) {
      throw addresses.length > 0 ? failure : error
    }
  }

  #relaysToAsk(peer: string): Multiaddr[] {
    const now = this.#parts.clock.now()
    const { askAt, waitMs } = this.#unrelayed.get(peer) ?? { askAt: now, waitMs: RELAYS_ASKED_MS_MIN }
    const relayed = this.#client.toward(peer)
    if (now < askAt || relayed.length === 0) return []
    this.#unrelayed.set(peer, { askAt: now + waitMs, waitMs: Math.min(2 * waitMs, RELAYS_ASKED_MS_MAX) })
    return relayed
  }

  /** How a peer is reached; undefined when it is not connected. */
  way(peer: string): Way | undefined {
    const open = (this.#host as Libp2p)
      .getConnections()
      .filter(({ remotePeer, status }) => status === 'open' && remotePeer.toString() === peer)
    const connection = open.find(({ direct }) => direct) ?? open[0]
    return connection && this.#wayOf(connection)
  }

  #wayOf({ remoteAddr, direction }: Connection): Way {
    const address = remoteAddr.toString()
    const relay = relayOf(remoteAddr)
    if (relay !== undefined) return { via: 'relay', address, relay }
    const endpoint = endpointOf(remoteAddr)
    const proxy = direction === 'outbound' && endpoint !== undefined ? this.#proxyFor(endpoint) : undefined
    return proxy === undefined ? { via: 'direct', address } : { via: 'proxy', address, proxy: proxy.label }
  }

  /** The last failure of each of a peer's addresses that has not been reached since, the newest last. */
  failures(peer: string): DialFailure[] {
    return this.#failures.of(peer)
  }

  /** Relays that keep a place for us. */
  get places(): string[] {
    return this.#client.places
  }

  /** What this node relays for others; undefined when it does not. */
  get relayed(): Relayed | undefined {
    return this.#server?.relayed
  }

  #open(peer: PeerId): Connection[] {
    return (this.#host as Libp2p).getConnections(peer).filter(({ status }) => status === 'open')
  }
}

function peerOf(address: Multiaddr): string | undefined {
  const last = address.getComponents().at(-1)
  return last?.name === 'p2p' ? last.value : undefined
}
