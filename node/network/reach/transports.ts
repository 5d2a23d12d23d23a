/**
 * libp2p's transports with what a hospital's network needs: TCP and WebSockets through a proxy, and circuits through
 * relays. Private methods are overridden on the instance, as in `web-socket.ts`.
 *
 * @module
 */

import type { Socket } from 'node:net'
import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import type { Connection, PeerId, Stream, Transport } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { webSockets } from '@libp2p/websockets'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { type Endpoint, endpointOf } from './endpoint.ts'
import { openTunnel } from './proxy.ts'
import type { ProxyFor } from './settings.ts'
import { boundListener, openWebSocket, type WebSocketClient, type WebSocketDialer } from './web-socket.ts'

/** A relay that has not answered for so long is asked again later. */
const RESERVATION_MS_MAX = 10_000

/** Told of every dial, by address. */
export type DialWatch = (address: Multiaddr, error: unknown) => void

export interface TransportParts extends WebSocketDialer {
  /** called when a dial has failed */
  readonly failed: DialWatch
}

/** The client's side of relays: places that relays keep for us. */
export interface Reservations {
  hasReservation(relay: PeerId): boolean
  /** @throws Error when the relay refuses */
  addRelay(relay: PeerId, type: 'configured' | 'discovered'): Promise<unknown>
}

/** The parts of libp2p's transports that are overridden. */
interface TcpInternals {
  _connect(address: Multiaddr, options: { readonly signal: AbortSignal }): Promise<Socket>
}
interface WebInternals {
  _connect(address: Multiaddr, options: { readonly signal?: AbortSignal }): Promise<WebSocketClient>
}
interface CircuitInternals {
  readonly reservationStore: Reservations
  onStop(stream: Stream, connection: Connection): Promise<void>
}

type Made<T> = (components: T) => Transport

/** Reports failed dials of a transport, with their address. */
function watched(transport: Transport, failed: DialWatch): Transport {
  const dial = transport.dial.bind(transport)
  transport.dial = async (address, options) => {
    try {
      return await dial(address, options)
    } catch (error) {
      failed(address, error)
      throw error
    }
  }
  return transport
}

/** TCP, through the proxy where there is one. */
export function tcpTransport({ proxyFor, failed }: TransportParts): Made<Parameters<ReturnType<typeof tcp>>[0]> {
  return components => {
    const transport = tcp()(components)
    const internals = transport as unknown as TcpInternals
    const connect = internals._connect.bind(internals)
    internals._connect = async (address, options) => {
      const endpoint = endpointOf(address)
      const proxy = endpoint && proxyFor(endpoint)
      return proxy === undefined ? connect(address, options) : tunnelled(endpoint as Endpoint, proxyFor, options.signal)
    }
    return watched(transport, failed)
  }
}

async function tunnelled(endpoint: Endpoint, proxyFor: ProxyFor, signal: AbortSignal): Promise<Socket> {
  const socket = await openTunnel(proxyFor(endpoint) as NonNullable<ReturnType<ProxyFor>>, endpoint, signal)
  socket.setKeepAlive(true)
  socket.setNoDelay(true)
  return socket
}

/** WebSockets, through the proxy where there is one; also `/http-path/…`, as behind a reverse proxy. */
export function webSocketTransport(parts: TransportParts): Made<Parameters<ReturnType<typeof webSockets>>[0]> {
  return components => {
    const transport = webSockets()(components)
    const internals = transport as unknown as WebInternals
    internals._connect = async (address, { signal = new AbortController().signal }) =>
      await openWebSocket(endpointOf(address) as Required<Endpoint>, parts, signal)
    const createListener = transport.createListener.bind(transport)
    transport.createListener = options => boundListener(createListener(options))
    const dialFilter = transport.dialFilter.bind(transport)
    transport.dialFilter = addresses => addresses.filter(address => dialFilter([withoutPath(address)]).length > 0)
    return watched(transport, parts.failed)
  }
}

function withoutPath(address: Multiaddr): Multiaddr {
  const components = address.getComponents()
  const rest = components.filter(({ name }) => name !== 'http-path')
  return rest.length === components.length ? address : multiaddr(rest)
}

/** Circuits through relays. @param made receives the places that relays keep for us */
export function circuitTransport(
  failed: DialWatch,
  made: (reservations: Reservations) => void,
): Made<Parameters<ReturnType<typeof circuitRelayTransport>>[0]> {
  return components => {
    const transport = circuitRelayTransport({ reservationCompletionTimeout: RESERVATION_MS_MAX })(components)
    const internals = transport as unknown as CircuitInternals
    const { reservationStore } = internals
    // libp2p's discovery asks each relay that it meets, wants none of them, and takes our own request with it
    const addRelay = reservationStore.addRelay.bind(reservationStore)
    reservationStore.addRelay = async (relay, type) => {
      if (type === 'discovered') throw Object.assign(new Error('relays are chosen'), { name: 'HadEnoughRelaysError' })
      return await addRelay(relay, type)
    }
    const onStop = internals.onStop.bind(internals)
    internals.onStop = async (stream, connection) => {
      // libp2p would reserve a place there and then
      if (!reservationStore.hasReservation(connection.remotePeer)) return stream.abort(new Error('no relay of ours'))
      await onStop(stream, connection)
    }
    made(reservationStore)
    return watched(transport, failed)
  }
}
