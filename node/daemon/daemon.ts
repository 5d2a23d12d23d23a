/**
 * The daemon: one node with its disk, its network and a local HTTP interface, and every approved study on it.
 *
 * @module
 */

import type { NodeConfig } from '../config/config.ts'
import { createHttpApp, type HttpSources, serveHttp } from '../http/http.ts'
import { IDLE_STATUS, type NodeStatus } from '../http/status.ts'
import type { Logger } from '../log.ts'
import { HelloDesk } from '../network/hello-desk.ts'
import { createHost } from '../network/libp2p-host.ts'
import { Ledger } from '../privacy/ledger-file.ts'
import { pricedElsewhere } from '../privacy/patient-epsilons.ts'
import { type PrivacyReport, privacyReport } from '../privacy/report.ts'
import { type Identity, loadIdentity } from '../storage/identity.ts'
import type { RoundRecord } from '../storage/round-record.ts'
import { openStores } from '../storage/store.ts'
import { readVersion } from '../version.ts'
import type { NodeShared } from './running-study.ts'
import { Studies } from './studies.ts'

export interface RunningNode {
  /** of the study that is meant, or of the node where it has none */
  readonly status: () => NodeStatus
  readonly rounds: () => readonly RoundRecord[]
  /** settles when the node has stopped: rejects with what made it stop, if that was an error */
  readonly done: Promise<void>
  stop(): Promise<void>
}

export interface DaemonOptions {
  readonly folder: string
  readonly config: NodeConfig
  readonly log: Logger
  /** hex id of an approved study: it alone, and the node ends with it; null: all that are approved, now and later */
  readonly study: string | null
  /** ends the start */
  readonly signal?: AbortSignal
}

/**
 * Starts everything, in an order in which nothing is half started: the store and the ledger, the interface's port, the
 * network, the studies. Studies go on starting after this has resolved.
 *
 * @throws OperatorError with the exit code of what is wrong; the signal's reason when that is aborted first
 */
export async function startNode({ folder, config, log, study, signal }: DaemonOptions): Promise<RunningNode> {
  const identity = await loadIdentity(folder)
  const done = Promise.withResolvers<void>()
  // whoever stops us reads it; a node that nobody waits for must not end as an unhandled rejection
  done.promise.catch(() => {})
  let stopping: Promise<void> | undefined
  const cleanups: (() => Promise<void>)[] = []
  const stop = (error?: unknown): Promise<void> => {
    stopping ??= (async () => {
      for (const cleanup of cleanups.reverse())
        await cleanup().catch(cause => log.error({ err: cause }, 'while stopping'))
      if (error === undefined) done.resolve()
      else done.reject(error)
    })()
    return stopping
  }
  const live = (): boolean => stopping === undefined

  try {
    const stores = await openStores(folder)
    cleanups.push(() => stores.close())
    const roundsKnown = await stores.knowsRounds()
    const ledger = await Ledger.open(folder)
    cleanups.push(() => ledger.close())
    const network = { transport: 'tcp', ...config.network, seed: identity.seed, datastore: stores.datastore() } as const
    const host = await createHost(network, {
      refused: (peer, ms, reason) => log.warn({ peer, ms, reason }, 'a peer went too far and is sent away for a while'),
    })
    const hellos = new HelloDesk(host)
    const shared: NodeShared = { folder, config, identity, stores, ledger, roundsKnown, host, hellos, log }
    const studies = new Studies({ shared, only: study, fatal: error => void stop(error) })
    const view = viewOf(studies, { identity, config, ledger })
    // the port before the rest: a node that nobody can inspect does not begin to take part
    const app = createHttpApp({ ...view, live, onError: error => log.error({ err: error }, 'HTTP') })
    const server = await serveHttp({ app, ...config.http })
    cleanups.push(() => server.close())
    log.info({ url: server.url }, 'status page')
    await hellos.start()
    await host.start()
    cleanups.push(() => host.stop())
    cleanups.push(() => studies.stop())
    log.info({ peer: host.peer, addresses: host.addresses() }, 'listening')
    await studies.start()
    signal?.throwIfAborted()
    return { status: () => view.status(), rounds: () => view.rounds(), done: done.promise, stop: () => stop() }
  } catch (error) {
    await stop(error)
    throw error
  }
}

/** What the interface shows. */
function viewOf(
  studies: Studies,
  { identity, config, ledger }: { identity: Identity; config: NodeConfig; ledger: Ledger },
): Omit<HttpSources, 'live' | 'onError'> {
  const { population } = config.privacy
  const idle = (): NodeStatus => ({
    ...IDLE_STATUS,
    ...{ peer: identity.peer, site: config.site, version: readVersion(), population },
    ...{ study: null, studyName: null, phase: 'idle', rounds: 0, noiseMultiplier: null },
    memoryBytes: process.memoryUsage.rss(),
  })
  return {
    status: prefix => studies.find(prefix)?.running?.status() ?? idle(),
    rounds: prefix => studies.find(prefix)?.running?.rounds() ?? [],
    privacy: () => reportOf(studies, { config, ledger }),
    ready: () => readiness(studies),
  }
}

/** What was spent. The workers compute what takes long: any of them will do. */
function reportOf(studies: Studies, { config, ledger }: { config: NodeConfig; ledger: Ledger }): PrivacyReport | null {
  const entries = studies.list()
  const worker = entries.find(({ running }) => running?.worker)?.running?.worker
  if (worker === undefined) return null
  const documents = new Map(entries.map(({ approved }) => [approved.study, approved.document]))
  const patients = pricedElsewhere(worker.epsilonsOfCopies)
  return privacyReport({ ledger: ledger.books, documents, epsilonMax: config.privacy.epsilonMax, patients })
}

/** A node is ready when every study that is not over can take part in a round. */
function readiness(studies: Studies): { ready: boolean; reasons: string[] } {
  const open = studies.list().filter(({ state }) => state !== 'finished' && state !== 'left')
  const several = open.length > 1
  const reasons = open.flatMap(({ approved, error, running }) => {
    const why = error !== null ? [error.message] : (running?.ready().reasons ?? [])
    return why.map(reason => (several ? `${approved.document.name}: ${reason}` : reason))
  })
  const { length: known } = studies.list()
  if (known === 0) reasons.push('no study is approved yet: "confrere study approve FILE"')
  return { ready: reasons.length === 0, reasons }
}
