/**
 * Who of the roster is reachable, and how: addresses from the study, the config, mDNS and other hospitals; a dial loop;
 * and a hello round trip, before which nobody counts as connected, for a denied dialer's dial resolves too.
 *
 * @module
 */

import { hex, same } from '../../protocols/immutable.ts'
import type { Roster } from '../../protocols/roster/roster.ts'
import type { StepContext } from '../../protocols/round/context.ts'
import { AddressBook } from './address-book.ts'
import { ADDRESSES_PER_PEER_MAX, decodeHello, encodeHello, HELLO_BYTES_MAX, PROTOCOL_VERSION, SPOKEN } from './hello.ts'
import { HELLO_PROTOCOL, type HelloDesk } from './hello-desk.ts'
import { patienceMs } from './limits/limits.ts'
import type { Network } from './network.ts'
import { ask } from './request-reply.ts'

/** libp2p's error when the other side has no handler for a protocol. */
const UNSUPPORTED = 'UnsupportedProtocolError'
const DIAL_INTERVAL_MS = 1000
/** An attempt that has neither failed nor succeeded for so long is given up: nothing that hangs keeps a hospital away. */
const DIAL_MS_MAX = 60_000
/** A live connection without a gossip stream: libp2p never reopens one, only a new connection does. */
const SILENT_MS_MAX = 15_000
/** A hospital that runs something else is asked again this often: its operator may have changed that. */
const ELSEWHERE_RETRY_MS = 30_000

export interface NeighboursParts {
  readonly context: StepContext
  readonly network: () => Network
  readonly hellos: HelloDesk
  readonly joined: (peer: string) => void
  readonly left: (peer: string) => void
  /** told once when a hospital of the roster turns out to run something else */
  readonly elsewhere: (peer: string, difference: Difference) => void
  /** ms, monotonic */
  readonly now: () => number
  /** this node's clock, which hellos tell, and what is heard of others' */
  readonly clocks?: HelloClocks
}

export interface HelloClocks {
  /** ms since 1970 */
  now(): number
  heard(peer: string, time: number): void
}

/** What keeps two hospitals of one roster apart, and is nobody's fault. */
export type Difference =
  /** hex of the id of the other's study */
  | { readonly study: string }
  /** version of the other's protocol; null: one that does not say */
  | { readonly protocol: number | null }

/** What keeps a hospital away beside dials that fail. */
export type Obstacle =
  | { readonly kind: 'difference'; readonly difference: Difference }
  /** this node lets it in again later: it went beyond its limits */
  | { readonly kind: 'refused' }
  /** it is connected, and its hello does not come */
  | { readonly kind: 'silent' }
  | { readonly kind: 'no-address' }

export class Neighbours {
  readonly #parts: NeighboursParts
  readonly #self: string
  readonly #book: AddressBook
  /** when a connected peer was last seen in the gossip */
  readonly #greeted = new Map<string, number>()
  /** since when a hospital is dialled */
  readonly #dialling = new Map<string, number>()
  /** hospitals that run something else, as their last hello said, and when to ask again */
  readonly #elsewhere = new Map<string, { readonly difference: Difference; readonly askAt: number }>()
  /** hospitals that were reached, and whose hello did not come */
  readonly #silent = new Set<string>()
  #roster: Roster
  readonly #stopped = new AbortController()
  #timer: NodeJS.Timeout | undefined

  constructor(parts: NeighboursParts) {
    this.#parts = parts
    this.#self = parts.context.peer
    this.#book = new AddressBook((peer, address) => parts.network().dialable(peer, address))
    this.#roster = parts.context.founding
    this.#learn(parts.context.founding)
  }

  /** Goes by another roster: whoever is in it now is dialled, whoever was removed is cut off at once. */
  follow(roster: Roster): void {
    const before = this.#book.peers
    this.#roster = roster
    this.#learn(roster)
    this.#parts.network().refresh()
    for (const peer of before) if (!this.#book.has(peer)) this.closed(peer)
  }

  #learn({ peers, hospitals }: Roster): void {
    const addresses = peers.map((peer, rank) => [peer, hospitals[rank]?.addresses ?? []] as const)
    this.#book.follow(new Map(addresses.filter(([peer]) => peer !== this.#self)))
  }

  start(): void {
    this.#parts.hellos.add(this.#parts.context.study, {
      admits: peer => this.#book.has(peer),
      answer: (peer, request) => {
        const isOurs = request !== null && this.#takeHello(peer, request)
        return { hello: this.#ourHello(), answered: () => void (isOurs && this.#greet(peer)) }
      },
      withinMs: this.#patienceMs(),
    })
    // what was found before the study began is not told again
    for (const [peer, addresses] of this.#parts.network().host.found()) this.#book.learn(peer, addresses)
    this.#timer = setInterval(() => this.#tend(), DIAL_INTERVAL_MS)
    this.#tend()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#parts.hellos.remove(this.#parts.context.study)
    this.#stopped.abort()
  }

  /** Roster peers whose hello succeeded and whose connection lives. */
  connected(): string[] {
    return [...this.#greeted.keys()]
  }

  /** What keeps a hospital of the roster away, if this node knows more than that dials fail. */
  obstacleOf(peer: string): Obstacle | null {
    const difference = this.#elsewhere.get(peer)?.difference
    if (difference !== undefined) return { kind: 'difference', difference }
    const network = this.#parts.network()
    if (network.guard.strikes.refuses(peer)) return { kind: 'refused' }
    if (this.#silent.has(peer) && network.connected(peer)) return { kind: 'silent' }
    return this.#book.knows(peer) ? null : { kind: 'no-address' }
  }

  readonly discovered = (peer: string, addresses: readonly string[]): void => {
    this.#book.learn(peer, addresses)
    this.opened(peer)
  }

  readonly opened = (peer: string): void => {
    // a failed attempt is made again by the dial loop
    this.#reach(peer).catch(() => {})
  }

  readonly closed = (peer: string): void => {
    if (this.#greeted.delete(peer)) this.#parts.left(peer)
  }

  /** For a hello and its answer, on a line as slow as the study allows. */
  #patienceMs(): number {
    return patienceMs(2 * HELLO_BYTES_MAX, this.#parts.context.timing.bandwidthMin)
  }

  #ourHello(): Uint8Array {
    const known = this.#book.peers
      .map(peer => ({ peer, addresses: this.#book.told(peer) }))
      .filter(entry => entry.addresses.length > 0)
    const addresses = this.#parts.network().addresses().slice(0, ADDRESSES_PER_PEER_MAX)
    const { study } = this.#parts.context
    const roster = this.#roster.version
    const { clocks } = this.#parts
    const time = clocks === undefined ? {} : { time: clocks.now() }
    return encodeHello({ ...SPOKEN, study, roster, addresses, ...time, known })
  }

  /**
   * Takes what a hello says. That a hospital runs another study, or another version, is nobody's fault: both operators are
   * told.
   *
   * @returns whether it is of our study and version
   */
  #takeHello(peer: string, bytes: Uint8Array): boolean {
    const { protocol, study, addresses: own, time, known } = decodeHello(bytes)
    if (time !== undefined) this.#parts.clocks?.heard(peer, time)
    if (protocol !== PROTOCOL_VERSION) return this.#setApart(peer, { protocol })
    if (!same(study, this.#parts.context.study)) return this.#setApart(peer, { study: hex(study) })
    this.#elsewhere.delete(peer)
    this.#book.learn(peer, own)
    for (const { peer: third, addresses } of known) {
      if (third !== this.#self && third !== peer) this.#book.learn(third, addresses, { hearsay: true })
    }
    return true
  }

  #setApart(peer: string, difference: Difference): false {
    const before = this.#elsewhere.get(peer)?.difference
    this.#elsewhere.set(peer, { difference, askAt: this.#parts.now() + ELSEWHERE_RETRY_MS })
    if (JSON.stringify(before) !== JSON.stringify(difference)) this.#parts.elsewhere(peer, difference)
    return false
  }

  #greet(peer: string): void {
    this.#silent.delete(peer)
    if (this.#greeted.has(peer)) return
    this.#greeted.set(peer, this.#parts.now())
    this.#parts.joined(peer)
  }

  /** @returns whether the other runs our study */
  async #hello(peer: string): Promise<boolean> {
    const { host: network } = this.#parts.network()
    const signal = AbortSignal.any([this.#stopped.signal, AbortSignal.timeout(this.#patienceMs())])
    const stream = await network.open(peer, HELLO_PROTOCOL, signal).catch((error: Error) => {
      if (error.name === UNSUPPORTED) this.#setApart(peer, { protocol: null })
      throw error
    })
    const channel = network.channel(stream, peer)
    let isOurs: boolean
    try {
      isOurs = this.#takeHello(peer, await ask(channel, this.#ourHello(), { bytesMax: HELLO_BYTES_MAX, signal }))
    } catch (error) {
      network.guard.blame(peer, error)
      throw error
    }
    if (isOurs) this.#greet(peer)
    return isOurs
  }

  async #reach(peer: string): Promise<void> {
    const began = this.#parts.now()
    const isDialled = began - (this.#dialling.get(peer) ?? Number.NEGATIVE_INFINITY) < DIAL_MS_MAX
    if (!this.#book.has(peer) || isDialled || this.#greeted.has(peer)) return
    const network = this.#parts.network()
    if (network.guard.strikes.refuses(peer) || this.#parts.now() < (this.#elsewhere.get(peer)?.askAt ?? 0)) return
    this.#dialling.set(peer, began)
    try {
      if (!network.connected(peer)) {
        // without an address it may be reached through a relay
        await network.dial(peer, this.#book.next(peer), this.#stopped.signal).catch((error: unknown) => {
          // what it said before it went away is no news any more
          this.#elsewhere.delete(peer)
          this.#silent.delete(peer)
          throw error
        })
      }
      await this.#hello(peer).catch((error: unknown) => {
        this.#silent.add(peer)
        throw error
      })
    } finally {
      if (this.#dialling.get(peer) === began) this.#dialling.delete(peer)
    }
  }

  /** Dials whoever is away; hangs up on whoever is connected but silent in the gossip. */
  #tend(): void {
    const subscribed = new Set(this.#parts.network().subscribers())
    for (const peer of this.#book.peers) {
      const seen = this.#greeted.get(peer)
      if (seen === undefined) this.opened(peer)
      else if (subscribed.has(peer)) this.#greeted.set(peer, this.#parts.now())
      else if (this.#parts.now() - seen > SILENT_MS_MAX) void this.#revive(peer)
    }
  }

  /** Of a silent hospital: it has ended the study, or its gossip needs a new connection. */
  async #revive(peer: string): Promise<void> {
    this.#greeted.set(peer, this.#parts.now())
    const isOurs = await this.#hello(peer).catch(() => true)
    if (isOurs)
      await this.#parts
        .network()
        .hangUp(peer)
        .catch(() => {})
    else this.closed(peer)
  }
}
