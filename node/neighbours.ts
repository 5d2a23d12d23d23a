/**
 * Who of the roster is reachable, and how: addresses from the study, the config, mDNS and other hospitals; a dial loop;
 * and a hello round trip, before which nobody counts as connected, for a denied dialer's dial resolves too.
 *
 * @module
 */

import { z } from 'zod'
import { ProtocolError } from '../crypto/errors.ts'
import { decode, encode } from '../protocols/codec.ts'
import type { StepContext } from '../protocols/ports.ts'
import { ask, reply } from './framing.ts'
import type { Network } from './network.ts'

export const HELLO_PROTOCOL = '/confrere/hello/1.0.0'
const DIAL_INTERVAL_MS = 1000
const HELLO_TIMEOUT_MS = 8000
const HELLO_BYTES_MAX = 64 * 1024
const ADDRESSES_PER_PEER_MAX = 8
/** A live connection without a gossip stream: libp2p never reopens one, only a new connection does. */
const SILENT_MS_MAX = 15_000

const ADDRESSES = z.array(z.string().max(256)).max(ADDRESSES_PER_PEER_MAX)
const HELLO = z.strictObject({
  study: z.custom<Uint8Array>(value => value instanceof Uint8Array && value.length === 32),
  addresses: ADDRESSES,
  known: z.array(z.strictObject({ peer: z.string().max(64), addresses: ADDRESSES })).max(100),
})

export interface NeighboursParts {
  readonly context: StepContext
  /** where the study says that its hospitals are */
  readonly addresses: ReadonlyMap<string, readonly string[]>
  readonly network: () => Network
  readonly joined: (peer: string) => void
  readonly left: (peer: string) => void
}

export class Neighbours {
  readonly #parts: NeighboursParts
  readonly #self: string
  readonly #others: readonly string[]
  /** addresses by peer, the newest last */
  readonly #book: Map<string, Set<string>>
  /** when a connected peer was last seen in the gossip */
  readonly #greeted = new Map<string, number>()
  readonly #dialling = new Set<string>()
  readonly #stopped = new AbortController()
  #timer: NodeJS.Timeout | undefined

  constructor(parts: NeighboursParts) {
    this.#parts = parts
    const { roster, self } = parts.context
    this.#self = roster.peers[self] as string
    this.#others = roster.peers.filter(peer => peer !== this.#self)
    this.#book = new Map(this.#others.map(peer => [peer, new Set(parts.addresses.get(peer))]))
  }

  async start(): Promise<void> {
    await this.#parts.network().handle(HELLO_PROTOCOL, async (stream, peer) => {
      const answer = async (request: Uint8Array) => {
        this.#takeHello(peer, request)
        return this.#ourHello()
      }
      await reply(stream, answer, { bytesMax: HELLO_BYTES_MAX }).then(
        () => this.#greet(peer),
        () => {},
      )
    })
    this.#timer = setInterval(() => this.#tend(), DIAL_INTERVAL_MS)
    this.#tend()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#stopped.abort()
  }

  /** Roster peers whose hello succeeded and whose connection lives. */
  connected(): string[] {
    return [...this.#greeted.keys()]
  }

  readonly discovered = (peer: string, addresses: readonly string[]): void => {
    this.#learn(peer, addresses)
    this.opened(peer)
  }

  readonly opened = (peer: string): void => {
    // a failed attempt is made again by the dial loop
    this.#reach(peer).catch(() => {})
  }

  readonly closed = (peer: string): void => {
    if (this.#greeted.delete(peer)) this.#parts.left(peer)
  }

  #learn(peer: string, found: readonly string[]): void {
    const known = this.#book.get(peer)
    if (known === undefined) return
    for (const address of found) {
      // the newest addresses are the ones that work: an old one makes place
      if (!known.delete(address) && known.size >= ADDRESSES_PER_PEER_MAX) known.delete([...known][0] as string)
      known.add(address)
    }
  }

  #ourHello(): Uint8Array {
    const known = this.#others
      .map(peer => ({ peer, addresses: [...(this.#book.get(peer) ?? [])] }))
      .filter(entry => entry.addresses.length > 0)
    const addresses = this.#parts.network().addresses().slice(0, ADDRESSES_PER_PEER_MAX)
    return encode({ study: this.#parts.context.study, addresses, known })
  }

  #takeHello(peer: string, bytes: Uint8Array): void {
    const parsed = HELLO.safeParse(decode(bytes))
    if (!parsed.success || Buffer.compare(parsed.data.study, this.#parts.context.study) !== 0) {
      throw new ProtocolError('bad-hello', 'not a hello of this study', { peer })
    }
    this.#learn(peer, parsed.data.addresses)
    for (const { peer: third, addresses } of parsed.data.known) if (third !== this.#self) this.#learn(third, addresses)
  }

  #greet(peer: string): void {
    if (this.#greeted.has(peer)) return
    this.#greeted.set(peer, performance.now())
    this.#parts.joined(peer)
  }

  async #hello(peer: string): Promise<void> {
    const signal = AbortSignal.any([this.#stopped.signal, AbortSignal.timeout(HELLO_TIMEOUT_MS)])
    const stream = await this.#parts.network().open(peer, HELLO_PROTOCOL, signal)
    this.#takeHello(peer, await ask(stream, this.#ourHello(), { bytesMax: HELLO_BYTES_MAX, signal }))
    this.#greet(peer)
  }

  async #reach(peer: string): Promise<void> {
    const known = [...(this.#book.get(peer) ?? [])]
    if (!this.#book.has(peer) || this.#dialling.has(peer) || this.#greeted.has(peer)) return
    this.#dialling.add(peer)
    try {
      const network = this.#parts.network()
      if (!network.connected(peer)) {
        if (known.length === 0) return
        await network.dial(peer, known, this.#stopped.signal)
      }
      await this.#hello(peer)
    } finally {
      this.#dialling.delete(peer)
    }
  }

  /** Dials whoever is away; hangs up on whoever is connected but silent in the gossip. */
  #tend(): void {
    const network = this.#parts.network()
    const subscribed = new Set(network.subscribers())
    for (const peer of this.#others) {
      const seen = this.#greeted.get(peer)
      if (seen === undefined) this.opened(peer)
      else if (subscribed.has(peer)) this.#greeted.set(peer, performance.now())
      else if (performance.now() - seen > SILENT_MS_MAX) network.hangUp(peer).catch(() => {})
    }
  }
}
