/** Starts the HTTP interface: the token, the page's files, the app and its port, in one call for the daemon. @module */

import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { isLoopback } from '../config/config.ts'
import { recordAction } from '../storage/action-log.ts'
import { packageFile } from '../version.ts'
import type { NodeView } from './api/view.ts'
import { createApp } from './app.ts'
import { EventFeed } from './event-feed.ts'
import { type HttpServer, serveHttp } from './http.ts'
import { readPage } from './page.ts'
import { Sessions } from './sessions.ts'
import { createToken } from './token.ts'

/** In the package. */
const PAGE_FOLDER = 'node/http/dashboard'

/** The page's charts: files of a package, by the path of their URL. */
const CHART_FILES = {
  '/uplot.js': fileURLToPath(import.meta.resolve('uplot/dist/uPlot.esm.js')),
  '/uplot.css': fileURLToPath(import.meta.resolve('uplot/dist/uPlot.min.css')),
}

export interface InterfaceOptions {
  /** the data folder, into which the token is written */
  readonly folder: string
  /** `http` of the config */
  readonly config: {
    readonly host: string
    readonly port: number
    readonly tlsCertificate: string | null
    readonly tlsKey: string | null
    readonly names: readonly string[]
  }
  /** base58btc PeerId of this node */
  readonly peer: string
  readonly view: NodeView
  readonly events: EventFeed
  metrics(): string | Promise<string>
  /** told of bugs in the view */
  onError(error: unknown): void
}

/** An event feed on the machine's clock. */
export function createEventFeed(): EventFeed {
  return new EventFeed({
    now: Date.now,
    every: (milliseconds, call) => {
      const timer = setInterval(call, milliseconds)
      timer.unref()
      return () => clearInterval(timer)
    },
  })
}

/**
 * Serves the interface.
 *
 * @throws OperatorError `cannot-listen`, exit code 5; `no-tls`, `bad-tls`, exit code 3; errors of the file system
 */
export async function startInterface({ folder, config, peer, ...parts }: InterfaceOptions): Promise<HttpServer> {
  const page = await readPage(packageFile(PAGE_FOLDER), CHART_FILES)
  const token = await createToken(folder)
  const app = createApp({
    ...parts,
    ...{ page, names: [config.host, ...config.names] },
    record: deed => recordAction(folder, { at: new Date().toISOString(), ...deed }),
    sessions: new Sessions({ token, peer, now: Date.now, random: randomBytes }),
    ...{ secure: config.tlsKey !== null, remote: !isLoopback(config.host) },
  })
  const server = await serveHttp({ app, ...config })
  return {
    ...server,
    close: () => {
      parts.events.close()
      return server.close()
    },
  }
}
