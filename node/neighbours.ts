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

export interface Neighbours {
  start(): Promise<void>
  stop(): void
  /** roster peers whose hello succeeded and whose connection lives */
  connected(): string[]
  discovered(peer: string, addresses: readonly string[]): void
  opened(peer: string): void
  closed(peer: string): void
}

export function createNeighbours(
  { context, addresses }: { context: StepContext; addresses: ReadonlyMap<string, readonly string[]> },
  {
    network,
    joined,
    left,
  }: { network: () => Network; joined: (peer: string) => void; left: (peer: string) => void },
): Neighbours {
  const self = context.roster.peers[context.self] as string
  const others = context.roster.peers.filter(peer => peer !== self)
  const book = new Map<string, Set<string>>(others.map(peer => [peer, new Set(addresses.get(peer))]))
  const greeted = new Map<string, number>()
  const dialling = new Set<string>()
  const stopped = new AbortController()
  let timer: NodeJS.Timeout | undefined

  function learn(peer: string, found: readonly string[]): void {
    const known = book.get(peer)
    if (known === undefined) return
    for (const address of found) {
      // the newest addresses are the ones that work: an old one makes place
      if (!known.delete(address) && known.size >= ADDRESSES_PER_PEER_MAX) known.delete([...known][0] as string)
      known.add(address)
    }
  }

  function ourHello(): Uint8Array {
    const known = others
      .map(peer => ({ peer, addresses: [...(book.get(peer) ?? [])] }))
      .filter(entry => entry.addresses.length > 0)
    return encode({ study: context.study, addresses: network().addresses().slice(0, ADDRESSES_PER_PEER_MAX), known })
  }

  function takeHello(peer: string, bytes: Uint8Array): void {
    const parsed = HELLO.safeParse(decode(bytes))
    if (!parsed.success || Buffer.compare(parsed.data.study, context.study) !== 0) {
      throw new ProtocolError('bad-hello', 'not a hello of this study', { peer })
    }
    learn(peer, parsed.data.addresses)
    for (const { peer: third, addresses: found } of parsed.data.known) if (third !== self) learn(third, found)
  }

  function greet(peer: string): void {
    if (greeted.has(peer)) return
    greeted.set(peer, performance.now())
    joined(peer)
  }

  async function hello(peer: string): Promise<void> {
    const signal = AbortSignal.any([stopped.signal, AbortSignal.timeout(HELLO_TIMEOUT_MS)])
    const stream = await network().open(peer, HELLO_PROTOCOL, signal)
    takeHello(peer, await ask(stream, ourHello(), { bytesMax: HELLO_BYTES_MAX, signal }))
    greet(peer)
  }

  async function reach(peer: string): Promise<void> {
    const known = [...(book.get(peer) ?? [])]
    if (dialling.has(peer) || greeted.has(peer)) return
    dialling.add(peer)
    try {
      if (!network().connected(peer)) {
        if (known.length === 0) return
        await network().dial(peer, known, stopped.signal)
      }
      await hello(peer)
    } finally {
      dialling.delete(peer)
    }
  }

  function tend(): void {
    const subscribed = new Set(network().subscribers())
    for (const peer of others) {
      const since = greeted.get(peer)
      if (since === undefined) reach(peer).catch(() => {})
      else if (subscribed.has(peer)) greeted.set(peer, performance.now())
      else if (performance.now() - since > SILENT_MS_MAX) network().hangUp(peer).catch(() => {})
    }
  }

  return {
    async start() {
      await network().handle(HELLO_PROTOCOL, async (stream, peer) => {
        const answer = async (request: Uint8Array) => {
          takeHello(peer, request)
          return ourHello()
        }
        await reply(stream, answer, { bytesMax: HELLO_BYTES_MAX }).then(
          () => greet(peer),
          () => {},
        )
      })
      timer = setInterval(tend, DIAL_INTERVAL_MS)
      tend()
    },
    stop() {
      clearInterval(timer)
      stopped.abort()
    },
    connected: () => [...greeted.keys()],
    discovered(peer, found) {
      learn(peer, found)
      if (!greeted.has(peer)) reach(peer).catch(() => {})
    },
    opened(peer) {
      if (!greeted.has(peer)) reach(peer).catch(() => {})
    },
    closed(peer) {
      if (greeted.delete(peer)) left(peer)
    },
  }
}
