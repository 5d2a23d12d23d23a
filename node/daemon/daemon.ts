/**
 * The daemon: a node with a disk, a training worker, TCP and a local HTTP interface.
 *
 * @module
 */

import type { Hono } from 'hono'
import { encodeStudy } from '../../protocols/study/document.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import type { NodeConfig } from '../config/config.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { createHttpApp, serveHttp } from '../http/http.ts'
import type { NodeStatus } from '../http/status.ts'
import type { Logger } from '../log.ts'
import { chargedStore, PrivacyAccount } from '../privacy/account.ts'
import { privacyReport } from '../privacy/report.ts'
import { approvedStudies, selectStudy } from '../storage/approved-studies.ts'
import { EvidenceFolder } from '../storage/evidence-folder.ts'
import { loadIdentity } from '../storage/identity.ts'
import { PendingChange } from '../storage/pending-change.ts'
import { studyFolder } from '../storage/round-files.ts'
import type { RoundRecord } from '../storage/round-record.ts'
import { openStore } from '../storage/store.ts'
import { startWorker } from '../worker/worker-client.ts'
import { createNode } from './study-node.ts'

export interface RunningNode {
  readonly status: () => NodeStatus
  readonly rounds: () => readonly RoundRecord[]
  /** settles when the node has stopped: rejects with what made it stop, if that was an error */
  readonly done: Promise<void>
  stop(): Promise<void>
}

/** What becomes of records that stand in the data more than once. */
function repeatedText({ data }: StudyDocument): string {
  return data.kind === 'image'
    ? 'images that stand in the data more than once count as one, and not at all with two labels'
    : 'rows that stand in the data more than once: each counts as one of its own'
}

export interface DaemonOptions {
  readonly folder: string
  readonly config: NodeConfig
  readonly log: Logger
  /** hex id of an approved study */
  readonly study: string
}

/**
 * Starts everything, in an order in which nothing is half started: the store, the interface's port, data and
 * engine, the network.
 *
 * @throws OperatorError with the exit code of what is wrong
 */
export async function startNode({ folder, config, log, study }: DaemonOptions): Promise<RunningNode> {
  const identity = await loadIdentity(folder)
  const { document } = await selectStudy(folder, study)
  if (config.data.file === null) {
    throw new OperatorError('no-data', 'The node has no records to train on', {
      hint: 'Set data.file in config.toml.',
      exitCode: EXIT.config,
    })
  }
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
    const level = await openStore(folder, Buffer.from(study, 'hex'))
    cleanups.push(() => level.close())
    // the port before the rest: a node that nobody can inspect does not begin to take part
    let app: Pick<Hono, 'fetch'> = { fetch: () => new Response('The node is starting', { status: 503 }) }
    const server = await serveHttp({ app: { fetch: (...args) => app.fetch(...args) }, ...config.http })
    cleanups.push(() => server.close())
    const { file, split } = config.data
    const training = { engine: config.training.engine, file, split }
    const settings = { folder: studyFolder(folder, study), document: encodeStudy(document), training }
    const worker = startWorker(settings, fatal)
    cleanups.push(() => worker.close())
    const account = await PrivacyAccount.open({
      ...{ folder, document, study, epsilonMax: config.privacy.epsilonMax, now: () => new Date().toISOString() },
      hashes: key => worker.recordHashes(key),
    })
    cleanups.push(() => account.close())
    if (account.repeated > 0) log.warn({ repeated: account.repeated }, repeatedText(document))
    const store = chargedStore(level, account)
    const documents = new Map((await approvedStudies(folder)).map(one => [one.study, one.document]))
    const pending = new PendingChange(folder, study, log)
    const evidence = new EvidenceFolder(folder, study)
    await evidence.open()
    const node = await createNode(
      {
        document,
        identity,
        site: config.site,
        network: { transport: 'tcp', ...config.network },
        requiredPeers: config.policy.require,
        epsilonMax: config.privacy.epsilonMax,
        chargesMax: account.chargesMax(),
      },
      { store, worker, evidence, log, fatal, settled: () => void pending.settle() },
    )
    cleanups.push(() => node.stop())
    pending.watch(change => node.approve(change))
    cleanups.push(async () => pending.stop())
    app = createHttpApp({
      status: () => node.status(),
      rounds: () => node.rounds(),
      privacy: () => privacyReport({ ledger: account.books, documents, epsilonMax: config.privacy.epsilonMax }),
      ready: () => node.ready(),
      live: () => stopping === undefined,
      onError: error => log.error({ err: error }, 'HTTP'),
    })
    log.info({ url: server.url }, 'status page')
    return { status: () => node.status(), rounds: () => node.rounds(), done: done.promise, stop: () => stop() }
  } catch (error) {
    await stop(error)
    throw error
  }
}
