/**
 * The daemon: a node with a disk, a training worker, TCP and a local HTTP interface.
 *
 * @module
 */

import { encodeStudy } from '../../protocols/study/document.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import type { NodeConfig } from '../config/config.ts'
import { dataSourceOf } from '../config/data-source.ts'
import { countsOnce } from '../datasets/distinct.ts'
import { recordCacheFolder } from '../datasets/record-cache.ts'
import type { DataSource } from '../datasets/source.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { createHttpApp, type HttpSources, serveHttp } from '../http/http.ts'
import type { NodeStatus } from '../http/status.ts'
import type { Logger } from '../log.ts'
import { reachSettings } from '../network/reach/settings.ts'
import { doorSettings } from '../privacy/patient-door.ts'
import { pricedElsewhere } from '../privacy/patient-epsilons.ts'
import { type PrivacyReport, privacyReport } from '../privacy/report.ts'
import { approvedStudies, boundDataset, noteCurrentStudy, selectStudy } from '../storage/approved-studies.ts'
import { EvidenceFolder } from '../storage/evidence-folder.ts'
import { loadIdentity } from '../storage/identity.ts'
import { PendingChange } from '../storage/pending-change.ts'
import { studyFolder } from '../storage/round-files.ts'
import type { RoundRecord } from '../storage/round-record.ts'
import { openStore } from '../storage/store.ts'
import { startWorker, type WorkerClient } from '../worker/worker-client.ts'
import { type NodeAccount, openNodeAccount } from './node-account.ts'
import { recordProgress, type Startup, startupSources, tellPromise, unlessAborted } from './startup.ts'
import { createNode } from './study-node.ts'

export interface RunningNode {
  readonly status: () => NodeStatus
  readonly rounds: () => readonly RoundRecord[]
  /** settles when the node has stopped: rejects with what made it stop, if that was an error */
  readonly done: Promise<void>
  stop(): Promise<void>
}

/** Sources that change once: from those of the start to those of the node. */
function forwarding(
  now: () => Omit<HttpSources, 'live' | 'onError'>,
  { live, log }: { live: () => boolean; log: Logger },
): HttpSources {
  return {
    status: () => now().status(),
    rounds: () => now().rounds(),
    privacy: () => now().privacy(),
    ready: () => now().ready(),
    live,
    onError: error => log.error({ err: error }, 'HTTP'),
  }
}

/** What becomes of records that stand in the data more than once. */
function repeatedText({ contract, unit }: StudyDocument): string {
  const where = unit === 'record' ? 'in the data more than once' : 'in the data of one patient more than once'
  return countsOnce(contract)
    ? `records that stand ${where} count as one, and not at all with two labels`
    : `rows that stand ${where}: each counts as one of its own`
}

/** The data set that a study takes. @throws OperatorError `no-data`, exit code 3 */
async function requireSource(folder: string, config: NodeConfig, study: string): Promise<DataSource> {
  const source = dataSourceOf(config, await boundDataset(folder, study))
  if (source !== null) return source
  throw new OperatorError('no-data', 'The node has no records to train on', {
    hint: 'Add a data set with "confrere data add", or set data.file in config.toml.',
    exitCode: EXIT.config,
  })
}

export interface DaemonOptions {
  readonly folder: string
  readonly config: NodeConfig
  readonly log: Logger
  /** hex id of an approved study */
  readonly study: string
  /** ends the start while the records are read, which may take hours */
  readonly signal?: AbortSignal
}

/**
 * Starts everything, in an order in which nothing is half started: the store, the interface's port, data and
 * engine, the network.
 *
 * @throws OperatorError with the exit code of what is wrong; the signal's reason when that is aborted first
 */
export async function startNode({ folder, config, log, study, signal }: DaemonOptions): Promise<RunningNode> {
  const identity = await loadIdentity(folder)
  const { document } = await selectStudy(folder, study)
  const source = await requireSource(folder, config, study)
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
  const fatal = (error: unknown) => {
    log.fatal({ err: error }, 'the node cannot go on')
    void stop(error)
  }

  try {
    const { peer } = identity
    const { epsilonMax, population } = config.privacy
    const startup: Startup = { stage: 'opening the store', peer, site: config.site, study, population, document }
    let sources: Omit<HttpSources, 'live' | 'onError'> = startupSources(startup)
    const level = await openStore(folder, Buffer.from(study, 'hex'))
    cleanups.push(() => level.close())
    // the port before the rest: a node that nobody can inspect does not begin to take part
    const app = createHttpApp(forwarding(() => sources, { live: () => stopping === undefined, log }))
    const server = await serveHttp({ app, ...config.http })
    cleanups.push(() => server.close())
    await noteCurrentStudy(folder, study)
    startup.stage = 'reading the records'
    const training = {
      ...{ engine: config.training.engine, source, cache: recordCacheFolder(folder), dataFolder: folder },
      door: await doorSettings(folder),
    }
    const settings = { folder: studyFolder(folder, study), document: encodeStudy(document), training }
    const worker = startWorker(settings, { failed: fatal, progress: recordProgress(startup, log) })
    cleanups.push(() => worker.close())
    const repeated = await unlessAborted(signal, () => worker.repeatedRecords())
    const paying = { folder, document, study, peer, population, epsilonMax }
    const { account, store, follow } = await openNodeAccount(level, paying, log)
    cleanups.push(() => account.close())
    startup.stage = 'joining the network'
    const privacy = await reporting(folder, { config, account, worker })
    const pending = new PendingChange(folder, study, log)
    const evidence = new EvidenceFolder(folder, study)
    await evidence.open()
    const node = await createNode(
      {
        document,
        identity,
        site: config.site,
        network: { transport: 'tcp', ...config.network, reach: await reachSettings(config.network) },
        requiredPeers: config.policy.require,
        epsilonMax,
        population,
        chargesMax: account.chargesMax(),
      },
      { store, worker, evidence, log, fatal, settled: () => void pending.settle() },
    )
    follow(node)
    cleanups.push(() => node.stop())
    tellPrivacy(document, { repeated, worker, log })
    pending.watch(change => node.approve(change))
    cleanups.push(async () => pending.stop())
    sources = {
      status: () => node.status(),
      rounds: () => node.rounds(),
      privacy,
      ready: () => node.ready(),
    }
    log.info({ url: server.url }, 'status page')
    return { status: () => node.status(), rounds: () => node.rounds(), done: done.promise, stop: () => stop() }
  } catch (error) {
    await stop(error)
    throw error
  }
}

/** Logs what must be known of the records and of the promise, of a node that takes part. */
function tellPrivacy(
  document: StudyDocument,
  { repeated, worker, log }: { repeated: number; worker: WorkerClient; log: Logger },
): void {
  if (repeated > 0) log.warn({ repeated }, repeatedText(document))
  // a worker that ends tells so itself
  tellPromise(document, worker, log).catch(() => {})
}

/** Reports what was spent. The worker computes what takes long. */
async function reporting(
  folder: string,
  { config, account, worker }: { config: NodeConfig; account: NodeAccount['account']; worker: WorkerClient },
): Promise<() => PrivacyReport> {
  const documents = new Map((await approvedStudies(folder)).map(one => [one.study, one.document]))
  const { epsilonMax } = config.privacy
  const patients = pricedElsewhere(worker.epsilonsOfCopies)
  return () => privacyReport({ ledger: account.books, documents, epsilonMax, patients })
}
