/** Serves an app on a port, on loopback or with TLS, and holds on when it is flooded. @module */

import { readFile } from 'node:fs/promises'
import type { Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createSecureContext } from 'node:tls'
import { createAdaptorServer, type HttpBindings } from '@hono/node-server'
import { isLoopback } from '../config/config.ts'
import { EXIT, OperatorError } from '../errors.ts'
import type { Connection } from './access.ts'
import { limitConnections } from './connections.ts'

const REQUEST_TIMEOUT_MS = 10_000
/** Node.js looks for slow requests every 30 s unless told otherwise. */
const CONNECTIONS_CHECKING_MS = 1000

interface TlsKeys {
  readonly cert: Buffer
  readonly key: Buffer
  readonly minVersion: 'TLSv1.2'
}

export interface HttpServer {
  readonly port: number
  /** such as http://127.0.0.1:7420 */
  readonly url: string
  close(): Promise<void>
}

/** What is served: its answers may depend on the connection. */
interface Served {
  fetch(request: Request, env: Connection): Response | Promise<Response>
}

export interface ServeOptions {
  readonly app: Served
  readonly host: string
  /** 0 takes any free one */
  readonly port: number
  /** files of a certificate and of its key, in PEM; without them there is no TLS */
  readonly tlsCertificate?: string | null
  readonly tlsKey?: string | null
}

/**
 * Serves an app: on loopback, or with TLS anywhere.
 *
 * @throws OperatorError `cannot-listen`, exit code 5; `no-tls`, `bad-tls`, exit code 3
 */
export async function serveHttp({ app, host, port, ...tls }: ServeOptions): Promise<HttpServer> {
  const keys = await readTls(tls)
  if (keys === null && !isLoopback(host)) {
    throw new OperatorError('no-tls', `Without TLS the HTTP interface listens on loopback only, and not on ${host}`, {
      hint: 'Set http.tlsCertificate and http.tlsKey in config.toml, or use an SSH tunnel.',
      exitCode: EXIT.config,
    })
  }
  const server = createAdaptorServer({
    fetch: (request, env) => {
      const { socket } = (env as HttpBindings).incoming
      return app.fetch(request, { keepOpen: () => limit.keepOpen(socket), drop: () => socket.destroy() })
    },
    ...(keys === null ? {} : { createServer: createTlsServer }),
    serverOptions: {
      ...keys,
      requestTimeout: REQUEST_TIMEOUT_MS,
      headersTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: CONNECTIONS_CHECKING_MS,
    },
  }) as Server
  const limit = limitConnections(server)
  await new Promise<void>((resolve, reject) => {
    server.once('error', cause => reject(cannotListen(cause, host, port)))
    server.listen(port, host, resolve)
  })
  const { port: bound } = server.address() as AddressInfo
  return {
    port: bound,
    url: `${keys === null ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        // keep-alive connections of a dashboard would hold the node open
        server.closeAllConnections()
      }),
  }
}

/** @throws OperatorError `bad-tls`, exit code 3 */
async function readTls({
  tlsCertificate,
  tlsKey,
}: Pick<ServeOptions, 'tlsCertificate' | 'tlsKey'>): Promise<TlsKeys | null> {
  if (!tlsCertificate || !tlsKey) return null
  try {
    const keys = { cert: await readFile(tlsCertificate), key: await readFile(tlsKey), minVersion: 'TLSv1.2' } as const
    // finds what is wrong with them before the first connection does
    createSecureContext(keys)
    return keys
  } catch (cause) {
    throw new OperatorError('bad-tls', `The certificate and key of the HTTP interface cannot be used: ${cause}`, {
      hint: 'http.tlsCertificate and http.tlsKey in config.toml name files in PEM that belong together.',
      exitCode: EXIT.config,
      cause,
    })
  }
}

function cannotListen(cause: NodeJS.ErrnoException, host: string, port: number): OperatorError {
  const taken = cause.code === 'EADDRINUSE'
  return new OperatorError(
    'cannot-listen',
    taken ? `Port ${port} of ${host} is in use` : `Cannot listen on port ${port} of ${host}: ${cause.message}`,
    {
      hint: taken
        ? 'Is the node running already? Otherwise choose another http.port in config.toml.'
        : 'Choose another http.host or http.port in config.toml.',
      exitCode: EXIT.cannotListen,
      cause,
    },
  )
}
