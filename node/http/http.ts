/**
 * The node's HTTP interface, for its own machine: read-only, no login, no state.
 *
 * A web page in the operator's browser can make requests to loopback too. So the Host header must be a loopback name
 * (a rebound DNS name is refused), there is no CORS header (no page may read an answer), and nothing can be changed.
 *
 * @module
 */

import { readFile } from 'node:fs/promises'
import type { Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createSecureContext } from 'node:tls'
import { createAdaptorServer, type HttpBindings } from '@hono/node-server'
import { Hono } from 'hono'
import { isLoopback } from '../config/config.ts'
import { EXIT, OperatorError } from '../errors.ts'
import type { PrivacyReport } from '../privacy/report.ts'
import type { RoundRecord } from '../storage/round-record.ts'
import type { Connection } from './access.ts'
import { limitConnections } from './connections.ts'
import { isLoopbackHost } from './hosts.ts'
import type { NodeStatus } from './status.ts'

const REQUEST_TIMEOUT_MS = 10_000
/** Node.js looks for slow requests every 30 s unless told otherwise. */
const CONNECTIONS_CHECKING_MS = 1000

const METHODS = ['GET', 'HEAD']

const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
}

/** What the interface shows. */
export interface HttpSources {
  /** @param study first digits of its id; by default the one that runs */
  status(study?: string): NodeStatus
  /** finished rounds, oldest first */
  rounds(study?: string): readonly RoundRecord[]
  /** what was spent in which studies; null while the node starts and has not opened its ledger */
  privacy(): PrivacyReport | null
  /** whether the node can take part in a round now, and if not, why */
  ready(): { ready: boolean; reasons: string[] }
  /** false when only a restart helps */
  live(): boolean
  /** told of bugs in the sources */
  onError?(error: unknown): void
}

/** The routes /livez, /readyz, /v1/status, /v1/privacy and /v1/rounds (`?since=N`: only rounds after N). */
export function createHttpApp(sources: HttpSources): Hono {
  const app = new Hono()
  const refuse = (code: string, message: string) => ({ error: { code, message } })

  app.use('*', async (c, next) => {
    for (const [name, value] of Object.entries(HEADERS)) c.header(name, value)
    if (!isLoopbackHost(c.req.header('host'))) {
      return c.json(refuse('bad-host', 'This interface answers to loopback names only'), 403)
    }
    if (!METHODS.includes(c.req.raw.method)) {
      return c.json(refuse('method-not-allowed', 'This interface is read-only'), 405, { allow: METHODS.join(', ') })
    }
    if (c.req.header('transfer-encoding') !== undefined || Number(c.req.header('content-length') ?? 0) > 0) {
      return c.json(refuse('no-body', 'A request here has no body'), 400)
    }
    return next()
  })

  app.get('/livez', c => {
    const live = sources.live()
    return c.json({ live }, live ? 200 : 503)
  })
  app.get('/readyz', c => {
    const { ready, reasons } = sources.ready()
    return c.json({ ready, reasons }, ready ? 200 : 503)
  })
  app.get('/v1/status', c => c.json(sources.status(c.req.query('study'))))
  app.get('/v1/privacy', c => {
    const report = sources.privacy()
    return report === null ? c.json(refuse('starting', 'The node is starting: ask again'), 503) : c.json(report)
  })
  app.get('/v1/rounds', c => {
    const since = c.req.query('since') ?? '-1'
    if (!/^(-1|\d{1,9})$/.test(since)) return c.json(refuse('bad-since', 'since is the number of a round'), 400)
    return c.json(sources.rounds(c.req.query('study')).filter(({ round }) => round > Number(since)))
  })

  app.notFound(c => c.json(refuse('not-found', 'There is nothing here'), 404))
  app.onError((error, c) => {
    sources.onError?.(error)
    return c.json(refuse('bug', 'The node could not answer; its log says why'), 500)
  })
  return app
}

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
