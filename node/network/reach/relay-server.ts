/**
 * Relaying for those that this node admits: circuit relay v2 without libp2p's limits of 128 KiB and two minutes, with
 * limits of ours. Noise is end to end, so a relay sees ciphertext.
 *
 * libp2p reads from one side as fast as it can, whatever the other side takes. The relay holds the faster side back, so
 * that a circuit costs two windows at most.
 *
 * @module
 */

import {
  type CircuitRelayServerComponents,
  type CircuitRelayService,
  circuitRelayServer,
  RELAY_V2_HOP_CODEC,
} from '@libp2p/circuit-relay-v2'
import type { Connection, Stream } from '@libp2p/interface'
import { MEMBERS_MAX } from '../../../protocols/messages/limits.ts'
import { CONNECTIONS_PER_PEER_MAX } from '../limits/limits.ts'

/** Reservations: one a peer, for members and contacts. */
const RESERVATIONS_MAX = 2 * MEMBERS_MAX
/** Of all peers, each with two streams' windows. */
export const CIRCUITS_MAX = 512
/** A peer needs one to each other peer that no other relay has; a connection has 64 streams in all. */
export const CIRCUITS_PER_PEER_MAX = 48
/** As many as two peers may have connections. */
export const CIRCUITS_PER_PAIR_MAX = CONNECTIONS_PER_PEER_MAX
const HOP_MS_MAX = 15_000

export interface RelayParts {
  /** a circuit delivers bytes of that peer, or writes some to it */
  readonly carried: (peer: string, bytes: number) => void
  readonly wrote: (peer: string) => void
}

/** What a relay does at present, for the operator. */
export interface Relayed {
  /** peers that a place is kept for */
  readonly places: number
  readonly circuits: number
  /** bytes carried since the start, each once */
  readonly bytes: number
}

/** Two peers that the relay connects. */
export interface Circuit {
  readonly from: string
  readonly to: string
}

interface ServerInternals {
  handleConnect(
    request: { readonly connection: Connection; readonly stream: { unwrap(): Stream } },
    options: object,
  ): Promise<void>
  stopHop(request: { readonly connection: Connection }, options: object): Promise<Stream | undefined>
}

/** A yamux stream, whose data is counted where it arrives. */
interface StreamInternals extends Stream {
  onData(data: { readonly byteLength: number }): void
}

/** Relays, and keeps count. */
export class RelayServer {
  readonly #parts: RelayParts
  readonly #circuits = new Set<Circuit>()
  #service: CircuitRelayService | undefined
  #bytes = 0

  constructor(parts: RelayParts) {
    this.#parts = parts
  }

  get relayed(): Relayed {
    return { places: this.#service?.reservations.size ?? 0, circuits: this.#circuits.size, bytes: this.#bytes }
  }

  /** Whether one more circuit between two admitted peers is within the limits. */
  allows(from: string, to: string): boolean {
    return allowsCircuit(this.#circuits, { from, to })
  }

  /** libp2p's service. */
  readonly service = (components: CircuitRelayServerComponents): CircuitRelayService => {
    const service = circuitRelayServer({
      hopTimeout: HOP_MS_MAX,
      maxInboundHopStreams: CIRCUITS_PER_PEER_MAX,
      maxOutboundStopStreams: CIRCUITS_PER_PEER_MAX,
      reservations: { maxReservations: RESERVATIONS_MAX, applyDefaultLimit: false },
    })(components)
    const internals = service as unknown as ServerInternals
    // the two streams of a circuit meet in these options, which are made for one request
    const targets = new WeakMap<object, CircuitEnd>()
    const stopHop = internals.stopHop.bind(internals)
    internals.stopHop = async (request, options) => {
      const stream = await stopHop(request, options)
      if (stream !== undefined) targets.set(options, { stream, peer: request.connection.remotePeer.toString() })
      return stream
    }
    const handleConnect = internals.handleConnect.bind(internals)
    internals.handleConnect = async (request, options) => {
      const unwrap = request.stream.unwrap.bind(request.stream)
      // called when both sides have agreed, before the first byte passes
      request.stream.unwrap = () => {
        const stream = unwrap()
        const target = targets.get(options)
        if (target !== undefined) this.#join({ stream, peer: request.connection.remotePeer.toString() }, target)
        return stream
      }
      await handleConnect(request, options)
    }
    this.#service = service
    return service
  }

  #join(source: CircuitEnd, target: CircuitEnd): void {
    const circuit = { from: source.peer, to: target.peer }
    this.#circuits.add(circuit)
    const ended = () => this.#circuits.delete(circuit)
    for (const { stream } of [source, target]) stream.addEventListener('close', ended)
    this.#carry(source, target)
    this.#carry(target, source)
  }

  /** Counts what one side sends, and holds it back while the other does not take it. */
  #carry(one: CircuitEnd, other: CircuitEnd): void {
    const stream = one.stream as StreamInternals
    const onData = stream.onData.bind(stream)
    stream.onData = data => {
      this.#bytes += data.byteLength
      this.#parts.carried(one.peer, data.byteLength)
      this.#parts.wrote(other.peer)
      onData(data)
      // libp2p passes the data on in a later task; a pause within the event would be undone
      setImmediate(() => {
        if (other.stream.writableNeedsDrain && stream.status === 'open' && stream.readStatus === 'readable')
          stream.pause()
      })
    }
    other.stream.addEventListener('drain', () => {
      // what libp2p kept goes first
      setImmediate(() => {
        if (other.stream.writableNeedsDrain || stream.readStatus !== 'paused') return
        stream.resume()
      })
    })
  }
}

/** Whether one more circuit is within the limits: of its pair, of each of its peers, of all. */
export function allowsCircuit(circuits: ReadonlySet<Circuit>, { from, to }: Circuit): boolean {
  let [ofFrom, ofTo, ofPair] = [0, 0, 0]
  for (const circuit of circuits) {
    const ends = [circuit.from, circuit.to]
    if (ends.includes(from)) ofFrom += 1
    if (ends.includes(to)) ofTo += 1
    if (ends.includes(from) && ends.includes(to)) ofPair += 1
  }
  const isFull = Math.max(ofFrom, ofTo) >= CIRCUITS_PER_PEER_MAX || circuits.size >= CIRCUITS_MAX
  return !isFull && ofPair < CIRCUITS_PER_PAIR_MAX
}

interface CircuitEnd {
  readonly stream: Stream
  readonly peer: string
}

/** The protocols that a relay and its clients speak with each other. */
export const RELAY_PROTOCOL = RELAY_V2_HOP_CODEC
