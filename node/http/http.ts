/**
 * The node's HTTP interface, for its own machine: read-only, no login, no state.
 *
 * A web page in the operator's browser can make requests to loopback too. So the Host header must be a loopback name
 * (a rebound DNS name is refused), there is no CORS header (no page may read an answer), and nothing can be changed.
 *
 * @module
 */

import type { Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { Hono } from 'hono'
import { isLoopback } from '../config/config.ts'
import { EXIT, OperatorError } from '../errors.ts'
import type { PrivacyReport } from '../privacy/report.ts'
import type { RoundRecord } from '../storage/round-record.ts'
import type { NodeStatus } from './status.ts'

/** Watchers of one machine need few; a flood of them must not take the node's memory. */
const CONNECTIONS_MAX = 64
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

/** Whether a Host header names this machine, whatever the port: an SSH tunnel changes that. */
export function isLoopbackHost(header: string | undefined): boolean {
  const match = /^(?:\[([0-9a-f:]+)\]|([^:[\]]+))(?::\d{1,5})?$/i.exec(header ?? '')
  return match !== null && isLoopback((match[1] ?? match[2] ?? '').toLowerCase())
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

export interface HttpServer {
  readonly port: number
  /** such as http://127.0.0.1:7420 */
  readonly url: string
  close(): Promise<void>
}

/**
 * Serves an app on loopback.
 *
 * @param port 0 takes any free one
 * @throws OperatorError `cannot-listen`, exit code 5
 */
export async function serveHttp({
  app,
  host,
  port,
}: {
  app: Pick<Hono, 'fetch'>
  host: string
  port: number
}): Promise<HttpServer> {
  const server = createAdaptorServer({
    fetch: app.fetch as (request: Request) => Response | Promise<Response>,
    serverOptions: {
      requestTimeout: REQUEST_TIMEOUT_MS,
      headersTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: CONNECTIONS_CHECKING_MS,
    },
  }) as Server
  limitConnections(server)
  await new Promise<void>((resolve, reject) => {
    server.once('error', cause => reject(cannotListen(cause, host, port)))
    server.listen(port, host, resolve)
  })
  const { port: bound } = server.address() as AddressInfo
  return {
    port: bound,
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        // keep-alive connections of a dashboard would hold the node open
        server.closeAllConnections()
      }),
  }
}

/**
 * Keeps the connections at `CONNECTIONS_MAX` by closing the oldest that waits for a request. A new one is never refused:
 * slow sockets of another user of the machine must not keep a supervisor from `/livez`.
 */
function limitConnections(server: Server): void {
  const waiting = new Set<Socket>()
  const busy = new Set<Socket>()
  server.on('connection', socket => {
    waiting.add(socket)
    socket.once('close', () => {
      waiting.delete(socket)
      busy.delete(socket)
    })
    if (waiting.size + busy.size <= CONNECTIONS_MAX) return
    const [oldest] = waiting.size > 1 ? waiting : busy
    oldest?.destroy()
  })
  server.on('request', ({ socket }, response) => {
    waiting.delete(socket)
    busy.add(socket)
    response.once('close', () => {
      if (busy.delete(socket) && !socket.destroyed) waiting.add(socket)
    })
  })
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
