/** One approved study on this node: its worker, its account, its place on the network, from start to stop. @module */

import { encodeStudy } from '../../protocols/study/document.ts'
import { mainRounds, roundOfMain } from '../../protocols/study/rounds.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import { decodeLink } from '../../protocols/transcript/link.ts'
import type { NodeConfig } from '../config/config.ts'
import type { DatasetCounts } from '../datasets/dataset.ts'
import { countsOnce } from '../datasets/distinct.ts'
import { recordCacheFolder } from '../datasets/record-cache.ts'
import type { NodeStatus } from '../http/status.ts'
import type { Logger } from '../log.ts'
import type { HelloDesk } from '../network/hello-desk.ts'
import type { NetworkHost } from '../network/network.ts'
import type { Ledger } from '../privacy/ledger-file.ts'
import { doorSettings } from '../privacy/patient-door.ts'
import { markStudy, resumedReturns } from '../storage/approved-studies.ts'
import { EvidenceFolder } from '../storage/evidence-folder.ts'
import type { Identity } from '../storage/identity.ts'
import { PendingChange } from '../storage/pending-change.ts'
import { studyFolder } from '../storage/round-files.ts'
import type { RoundRecord } from '../storage/round-record.ts'
import type { Stores } from '../storage/store.ts'
import type { VerifiedStudy } from '../storage/study-file.ts'
import { searchLines } from '../study/search-text.ts'
import type { EvaluationsSeen } from '../worker/evaluations-seen.ts'
import { startWorker, type WorkerClient } from '../worker/worker-client.ts'
import { openNodeAccount } from './node-account.ts'
import { Pause } from './pause.ts'
import type { PeerClocks } from './peer-clocks.ts'
import type { ApprovedChange } from './roster-status.ts'
import { requireSource } from './startable.ts'
import { recordProgress, type Startup, startupStatus, tellPromise, unlessAborted } from './startup.ts'
import { createNode, type StudyNode } from './study-node.ts'
import { typicalRoundMs, waitedFor } from './waiting.ts'

/** What all studies of a node share. */
export interface NodeShared {
  readonly folder: string
  readonly config: NodeConfig
  readonly identity: Identity
  readonly stores: Stores
  readonly ledger: Ledger
  /** whether the folder knew of rounds when the node was started */
  readonly roundsKnown: boolean
  readonly host: NetworkHost
  readonly hellos: HelloDesk
  readonly clocks: PeerClocks
  readonly log: Logger
  /** the config as its file says now: data sets are added while the node runs */
  readonly freshConfig: () => Promise<NodeConfig>
}

export interface StudyEvents {
  /** something that this study cannot go on with */
  failed(error: unknown): void
  finished(): void
  /** a round is certified */
  completed?(round: number): void
}

export class RunningStudy {
  readonly study: string
  readonly document: StudyDocument
  readonly #shared: NodeShared
  readonly #events: StudyEvents
  readonly #cleanups: (() => Promise<void>)[] = []
  readonly #startup: Startup
  readonly #stopping = new AbortController()
  #node: StudyNode | undefined
  #pause: Pause | undefined
  #rosterTold = ''
  #worker: WorkerClient | undefined
  #counts: DatasetCounts | null = null
  #stopped: Promise<void> | undefined
  readonly #votes = new Map<number, number>()
  /** training rounds that the budget paid for at the start */
  #chargesMax: number | null = null
  /** where the round is, and since when: ms since 1970 */
  #place = { at: '', since: Date.now() }
  #waiting: { readonly text: string; readonly what: string; readonly since: string } | null = null
  /** why hospitals are absent, as it was last told */
  readonly #absences = new Map<string, string>()

  constructor({ study, document }: VerifiedStudy, shared: NodeShared, events: StudyEvents) {
    this.study = study
    this.document = document
    this.#shared = shared
    this.#events = events
    const { identity, config } = shared
    const { site, privacy } = config
    this.#startup = {
      stage: 'reading the records',
      ...{ peer: identity.peer, site, study, population: privacy.population, document },
    }
  }

  /** votes that decide; 0 while it starts */
  quorum(): number {
    return this.#node?.quorum ?? 0
  }

  /** The worker, which computes what takes long, once there is one. */
  get worker(): WorkerClient | undefined {
    return this.#worker
  }

  /** @throws OperatorError with what is wrong; then nothing of it runs any more */
  async start(): Promise<void> {
    try {
      await this.#start()
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  async #start(): Promise<void> {
    const { folder, config, identity, host, hellos, log } = this.#shared
    const { study, document } = this
    const source = await requireSource(folder, await this.#shared.freshConfig(), study)
    const training = {
      ...{ engine: config.training.engine, source, cache: recordCacheFolder(folder), dataFolder: folder },
      door: await doorSettings(folder),
    }
    const settings = { folder: studyFolder(folder, study), document: encodeStudy(document), training }
    const failed = (error: unknown): void => this.#fail(error)
    const worker = startWorker(settings, { failed, progress: recordProgress(this.#startup, log) })
    this.#worker = worker
    this.#cleanups.push(() => worker.close())
    const repeated = await unlessAborted(this.#stopping.signal, () => worker.repeatedRecords())
    this.#counts = await worker.recordCounts()
    const { account, store, forgetful, follow } = await this.#openAccount()
    this.#startup.stage = 'joining the network'
    this.#chargesMax = account.chargesMax()
    const pending = new PendingChange(folder, study, log)
    const evidence = new EvidenceFolder(folder, study)
    await evidence.open()
    const { epsilonMax, population } = config.privacy
    const pause = this.#openPause(worker)
    const node = await createNode(
      {
        ...{ document, identity, site: config.site, epsilonMax, population },
        requiredPeers: config.policy.require,
        chargesMax: this.#chargesMax,
        paysNext: () => account.paysNext(),
        forgetful,
      },
      {
        ...{ host, hellos, store, worker, evidence, log, fatal: failed, clocks: this.#shared.clocks },
        settled: () => void pending.settle(),
        finished: () => this.#finished(),
        completed: round => {
          pause.look().catch(() => {})
          this.#events.completed?.(round)
        },
        mayTrain: () => pause.passed(),
      },
    )
    this.#cleanups.push(() => node.stop())
    if (this.#stopping.signal.aborted) throw this.#stopping.signal.reason
    follow(node)
    if (repeated > 0) log.warn({ repeated }, repeatedText(document))
    // a worker that ends tells so itself
    tellPromise(document, worker, log).catch(() => {})
    pending.watch(change => node.approve(change))
    this.#cleanups.push(async () => pending.stop())
    this.#node = node
  }

  #openPause(worker: WorkerClient): Pause {
    const { folder, log } = this.#shared
    const resumedReturnsHere = () => resumedReturns(folder, this.study)
    const pause = new Pause({ evaluations: worker.evaluations, resumedReturns: resumedReturnsHere, log })
    this.#cleanups.push(async () => pause.close())
    this.#pause = pause
    return pause
  }

  /** What the study's evaluations have shown; null in studies without, and before they were looked at. */
  get evaluations(): EvaluationsSeen | null {
    return this.#pause?.seen ?? null
  }

  async #openAccount() {
    const { folder, config, identity, stores, ledger, roundsKnown, log } = this.#shared
    const { study, document } = this
    const { epsilonMax, population } = config.privacy
    const level = stores.of(Buffer.from(study, 'hex'))
    const paying = { document, study, peer: identity.peer, population, epsilonMax, roundsKnown }
    return await openNodeAccount({ folder, ledger, level }, paying, log)
  }

  #fail(error: unknown): void {
    if (!this.#stopping.signal.aborted) this.#events.failed(error)
  }

  #finished(): void {
    const { folder, log } = this.#shared
    markStudy(folder, this.study, 'finished').catch(error => log.error({ err: error }, 'the end could not be noted'))
    this.#events.finished()
  }

  /** ms since it last moved; null while it starts */
  idleMs(): number | null {
    return this.#node === undefined ? null : Date.now() - this.#place.since
  }

  /** What it waits for, in words and since when; null: it moves. */
  waiting(): { readonly text: string; readonly since: string } | null {
    return this.#waiting && { text: this.#waiting.text, since: this.#waiting.since }
  }

  /** The round before which the hospital's cap ends its part, as of the start; null: the cap pays for all. */
  runsOutAtRound(): number | null {
    const paid = this.#chargesMax
    return paid === null || paid >= mainRounds(this.document) ? null : roundOfMain(this.document, paid + 1)
  }

  /** Looks whether it moves. @param now ms since 1970. @returns whether what it waits for has changed */
  watch(now: number): boolean {
    const status = this.status()
    const place = `${status.round} ${status.phase} ${status.stage} ${status.view}`
    if (place !== this.#place.at) this.#place = { at: place, since: now }
    const found = waitedFor({
      status,
      quorum: this.#node?.quorum ?? 0,
      ...{ stillMs: now - this.#place.since, typicalMs: typicalRoundMs(this.rounds()) },
      isMember: this.#node?.isMember ?? true,
      isPaused: this.#pause?.waits ?? false,
    })
    const before = this.#waiting
    const since = found?.what === before?.what ? before?.since : undefined
    this.#waiting = found && { ...found, since: since ?? new Date(now).toISOString() }
    // a number that counts on is no news
    return withoutNumbers(before?.text ?? '') !== withoutNumbers(found?.text ?? '')
  }

  /** Whether the roster, or who approves which change of it, is another than when this was last asked. */
  hasNewRoster(): boolean {
    const { version, approvals } = this.status().roster
    const now = JSON.stringify([version, approvals])
    const before = this.#rosterTold
    this.#rosterTold = now
    return before !== '' && now !== before
  }

  /** Sentences about hospitals that are absent, which were not given out before. */
  newAbsences(): string[] {
    const told: string[] = []
    for (const { peer, site, state, reason } of this.status().peers) {
      if (state !== 'absent') this.#absences.delete(peer)
      else if (reason !== null && this.#absences.get(peer) !== reason) {
        this.#absences.set(peer, reason)
        told.push(`${site || peer} is absent: ${reason}`)
      }
    }
    return told
  }

  status(): NodeStatus {
    const search = this.evaluations?.search
    return {
      ...(this.#node?.status() ?? startupStatus(this.#startup)),
      waiting: this.waiting(),
      ...(search && { search: searchLines(this.document, search) }),
    }
  }

  /** Votes in the certificate of each round, as they are stored; rounds that were read before are not read again. */
  async votes(): Promise<ReadonlyMap<number, number>> {
    const from = Math.max(-1, ...this.#votes.keys()) + 1
    const store = this.#shared.stores.of(Buffer.from(this.study, 'hex'))
    for (const link of (await store.links(from, Number.MAX_SAFE_INTEGER)).map(decodeLink)) {
      this.#votes.set(link.round, link.precommits.length)
    }
    return this.#votes
  }

  /** How much its data set holds, as of the start: for the operator alone; null while it is read. */
  get counts(): DatasetCounts | null {
    return this.#counts
  }

  /** Changes of the roster that hospitals approve. */
  changes(): readonly ApprovedChange[] {
    return this.#node?.changes() ?? []
  }

  rounds(): readonly RoundRecord[] {
    return this.#node?.rounds() ?? []
  }

  ready(): { ready: boolean; reasons: string[] } {
    return this.#node?.ready() ?? { ready: false, reasons: [`the study is starting: ${this.#startup.stage}`] }
  }

  stop(): Promise<void> {
    this.#stopping.abort()
    this.#stopped ??= (async () => {
      const { log } = this.#shared
      for (const cleanup of this.#cleanups.reverse())
        await cleanup().catch(cause => log.error({ err: cause }, 'while stopping'))
    })()
    return this.#stopped
  }
}

function withoutNumbers(text: string): string {
  return text.replace(/\d+/g, '')
}

/** What becomes of records that stand in the data more than once. */
function repeatedText({ contract, unit }: StudyDocument): string {
  const where = unit === 'record' ? 'in the data more than once' : 'in the data of one patient more than once'
  return countsOnce(contract)
    ? `records that stand ${where} count as one, and not at all with two labels`
    : `rows that stand ${where}: each counts as one of its own`
}
