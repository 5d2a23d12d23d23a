/**
 * WebSockets for libp2p's transport: dialled with the proxy and the authorities of the config, listened to within limits.
 *
 * libp2p's transport uses Node's own WebSocket, which takes neither a proxy nor authorities and keeps the reason of a
 * failure to itself, and its listener has no limits before libp2p's upgrade. Both are overridden on the instance; the
 * versions are pinned, and tests with real sockets fail if the overrides no longer take hold.
 *
 * @module
 */

import type { Server as HttpServer, IncomingMessage } from 'node:http'
import { connect, isIP, type Server, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { rootCertificates, connect as tlsConnect } from 'node:tls'
import type { Listener } from '@libp2p/interface'
// @ts-expect-error: the package brings no types; `WebSocketClient` is what is used of it
import { WebSocket } from 'ws'
import { authorityOf } from '../../config/proxy-setting.ts'
import { networkOf } from '../limits/handshakes.ts'
import { CONNECTIONS_MAX, HANDSHAKES_MAX, HANDSHAKES_PER_NETWORK_MAX } from '../limits/limits.ts'
import type { Endpoint } from './endpoint.ts'
import { openTunnel } from './proxy.ts'
import { ReachError } from './reach-error.ts'
import type { ProxyFor } from './settings.ts'

/** Noise sends pieces of at most 64 KiB; one is one message. */
const MESSAGE_BYTES_MAX = 1 << 20
/** From the first byte of TCP to the end of the WebSocket's handshake. */
const UPGRADE_MS_MAX = 10_000
/** What libp2p closes a WebSocket with that it resets; no WebSocket may send it. */
const ABNORMAL_CLOSURE = 1006

export interface WebSocketDialer {
  readonly proxyFor: ProxyFor
  /** PEM texts */
  readonly ca: readonly string[]
}

interface ClientOptions {
  readonly perMessageDeflate: boolean
  readonly maxPayload: number
  readonly createConnection: (options: unknown, done: (error: Error | null, socket?: Duplex) => void) => undefined
}

/** What is used of a WebSocket of `ws`, which libp2p takes for the browser's. */
export interface WebSocketClient {
  binaryType: string
  close(code?: number, reason?: string): void
  terminate(): void
  on(event: 'error', listener: (error: Error) => void): this
  once(event: 'open', listener: () => void): this
  once(event: 'unexpected-response', listener: (request: unknown, response: IncomingMessage) => void): this
}

const Client = WebSocket as new (url: string, options: ClientOptions) => WebSocketClient

/** Opens a WebSocket. @throws Error of Node's sockets, ReachError `web-refused` or of the proxy; the signal's reason */
export async function openWebSocket(
  endpoint: Required<Endpoint>,
  { proxyFor, ca }: WebSocketDialer,
  signal: AbortSignal,
): Promise<WebSocketClient> {
  signal.throwIfAborted()
  const { secure, path, serverName } = endpoint.web
  const proxy = proxyFor(endpoint)
  const dialled = async (): Promise<Duplex> => {
    const { host, port } = endpoint
    const socket = proxy === undefined ? connect({ host, port }) : await openTunnel(proxy, endpoint, signal)
    if (!secure) return socket
    const name = serverName ?? (isIP(host) === 0 ? host : undefined)
    const secured = tlsConnect({
      socket,
      ALPNProtocols: ['http/1.1'],
      // a certificate may be for an IP address too
      ...(name === undefined ? { host } : { host: name, servername: name }),
      ...(ca.length > 0 && { ca: [...rootCertificates, ...ca] }),
    })
    // tls does not tell of an error before the TCP connection stands
    socket.once('error', error => secured.destroy(error))
    return secured
  }
  const webSocket = new Client(`${secure ? 'wss' : 'ws'}://${authorityOf(endpoint)}${path}`, {
    ...{ perMessageDeflate: false, maxPayload: MESSAGE_BYTES_MAX },
    createConnection: (_, done) => {
      dialled().then(
        socket => done(null, socket),
        error => done(error),
      )
      return undefined
    },
  })
  webSocket.binaryType = 'arraybuffer'
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const aborted = () => reject(signal.reason)
  signal.addEventListener('abort', aborted, { once: true })
  // stays: an error after the opening is followed by a close event, which libp2p hears
  webSocket.on('error', reject)
  webSocket.once('open', resolve)
  webSocket.once('unexpected-response', (_, { statusCode = 0 }) => {
    reject(new ReachError('web-refused', `the web server there answers ${statusCode} instead of opening a WebSocket`))
  })
  try {
    await promise
    return adapted(webSocket)
  } catch (error) {
    webSocket.terminate()
    throw error
  } finally {
    signal.removeEventListener('abort', aborted)
  }
}

/** Ends a WebSocket that libp2p resets: `ws` refuses the code that it does so with, and would leave it open. */
function adapted(webSocket: WebSocketClient): WebSocketClient {
  const close = webSocket.close.bind(webSocket)
  webSocket.close = (code, reason) => (code === ABNORMAL_CLOSURE ? webSocket.terminate() : close(code, reason))
  return webSocket
}

interface ListenerInternals {
  readonly server: Server
  readonly wsServer: { readonly options: { maxPayload: number } }
  http?: HttpServer
  onWsServerConnection(webSocket: WebSocketClient, request: IncomingMessage): void
}

/** Limits what a stranger can do before libp2p's upgrade, which has limits of its own. */
export function boundListener(listener: Listener): Listener {
  const internals = listener as unknown as ListenerInternals
  const { server, wsServer } = internals
  server.maxConnections = CONNECTIONS_MAX + HANDSHAKES_MAX
  wsServer.options.maxPayload = MESSAGE_BYTES_MAX
  const waiting = new Map<Socket, string>()
  server.on('connection', (socket: Socket) => {
    const network = networkOf(socket.remoteAddress ?? '')
    const same = [...waiting].filter(([, other]) => other === network)
    // who comes newly takes the place of the oldest
    const oldest = same.length >= HANDSHAKES_PER_NETWORK_MAX ? same[0] : undefined
    if (oldest !== undefined) oldest[0].destroy()
    else if (waiting.size >= HANDSHAKES_MAX) waiting.keys().next().value?.destroy()
    waiting.set(socket, network)
    const timer = setTimeout(() => {
      if (waiting.has(socket)) socket.destroy()
    }, UPGRADE_MS_MAX)
    timer.unref()
    socket.once('close', () => {
      clearTimeout(timer)
      waiting.delete(socket)
    })
    // until libp2p listens to it, an error must not end the process
    socket.on('error', () => socket.destroy())
  })
  const accept = internals.onWsServerConnection.bind(internals)
  internals.onWsServerConnection = (webSocket, request) => {
    waiting.delete(request.socket)
    accept(adapted(webSocket), request)
  }
  return listener
}
