/**
 * The daemon: one node with its disk, its network, its contacts and a local HTTP interface, and every approved study on it.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import { PREDICTION_PROTOCOL } from '../../protocols/prediction/messages.ts'
import { systemClock } from '../clock.ts'
import { type NodeConfig, readConfig } from '../config/config.ts'
import { CONTACT_PROTOCOL, ContactService } from '../contacts/contact-service.ts'
import { PROPOSAL_PROTOCOL, ProposalService } from '../contacts/proposal-service.ts'
import type { NodeProblem } from '../http/api/node.ts'
import type { EventFeed } from '../http/event-feed.ts'
import { createEventFeed, startInterface } from '../http/interface.ts'
import type { NodeStatus } from '../http/status.ts'
import type { Logger } from '../log.ts'
import type { NodeLog } from '../logging/node-log.ts'
import { renderMetrics } from '../metrics/metrics.ts'
import { HelloDesk } from '../network/hello-desk.ts'
import { createHost } from '../network/libp2p-host.ts'
import type { NetworkHost } from '../network/network.ts'
import { reachSettings } from '../network/reach/settings.ts'
import type { PredictionService } from '../prediction/via/prediction-service.ts'
import { Ledger } from '../privacy/ledger-file.ts'
import { loadIdentity } from '../storage/identity.ts'
import { openStores } from '../storage/store.ts'
import { readVersion } from '../version.ts'
import { PeerClocks } from './peer-clocks.ts'
import { predictionsOf } from './predictions.ts'
import type { NodeShared } from './running-study.ts'
import { Studies, type StudyEntry } from './studies.ts'
import { metricsView } from './view/metrics-view.ts'
import { nodeView } from './view/node-view.ts'
import { reachFacts } from './view/peer-answers.ts'

export interface RunningNode {
  /** false when only a restart can help: what `/livez` and the watchdog of systemd hear */
  readonly live: () => boolean
  /** of the study that is meant, or of the node where it has none */
  readonly status: () => NodeStatus
  /** settles when the node has stopped: rejects with what made it stop, if that was an error */
  readonly done: Promise<void>
  stop(): Promise<void>
}

export interface DaemonOptions {
  readonly folder: string
  readonly config: NodeConfig
  readonly nodeLog: Pick<NodeLog, 'log' | 'level' | 'setLevel'>
  /** hex id of an approved study: it alone, and the node ends with it; null: all that are approved, now and later */
  readonly study: string | null
  /** told in one sentence what the node does, whenever that changes */
  readonly tell?: (text: string) => void
  /** ends the start */
  readonly signal?: AbortSignal
}

/**
 * Starts everything, in an order in which nothing is half started: the store and the ledger, the interface's port, the
 * network, contacts, the studies. Studies go on starting after this has resolved.
 *
 * @throws OperatorError with the exit code of what is wrong; the signal's reason when that is aborted first
 */
export async function startNode({
  folder,
  config,
  nodeLog,
  study,
  tell = () => {},
  signal,
}: DaemonOptions): Promise<RunningNode> {
  const { log } = nodeLog
  const identity = await loadIdentity(folder)
  const done = Promise.withResolvers<void>()
  // whoever stops us reads it; a node that nobody waits for must not end as an unhandled rejection
  done.promise.catch(() => {})
  let stopping: Promise<void> | undefined
  const cleanups: (() => Promise<void>)[] = []
  let entries: () => readonly StudyEntry[] = () => []
  const stop = (error?: unknown): Promise<void> => {
    stopping ??= (async () => {
      for (const cleanup of cleanups.reverse())
        await cleanup().catch(cause => log.error({ err: cause }, 'while stopping'))
      if (error === undefined) done.resolve()
      else done.reject(error)
    })()
    return stopping
  }

  try {
    const stores = await openStores(folder)
    cleanups.push(() => stores.close())
    const ledger = await Ledger.open(folder)
    cleanups.push(() => ledger.close())
    const contacts = contactsOf(folder, { peer: identity.peer, site: config.site, log })
    await contacts.service.open()
    const predictions = predictionsOf({ folder, config, identity, log, studies: () => entries() })
    const host = await hostOf({
      ...{ contacts: contacts.service, predictions, config, seed: identity.seed, datastore: stores.datastore(), log },
    })
    const clocks = new PeerClocks({ now: () => Date.now(), monotonic: () => performance.now() })
    const hellos = new HelloDesk(host)
    const shared: NodeShared = {
      ...{ folder, config, identity, stores, ledger, host, hellos, log, clocks },
      roundsKnown: await stores.knowsRounds(),
      freshConfig: async () => ({ ...config, datasets: (await readConfig(folder)).datasets }),
    }
    const events = createEventFeed()
    const view = { current: () => {} }
    const studies = new Studies({
      ...{ shared, only: study, fatal: error => void stop(error) },
      changed: what => {
        events.emit(what)
        view.current()
      },
    })
    entries = () => studies.list()
    const clockProblems = () => clocks.problems(peer => siteOf(studies, peer))
    const live = (): boolean => stopping === undefined
    const facts = nodeView({
      ...{ shared, studies, live, contacts: contacts.service, proposals: contacts.proposals },
      reach: reachFacts(host, peer => siteOf(studies, peer)),
      logLevel: { get: () => nodeLog.level, set: level => nodeLog.setLevel(level) },
      problems: clockProblems,
      clockDifferenceMs: () => clocks.differenceMs(),
    })
    view.current = () => tell(sentenceOf(facts))
    // the port before the rest: a node that nobody can inspect does not begin to take part
    const server = await startInterface({
      ...{ folder, config: config.http, peer: identity.peer, view: facts, events },
      metrics: async () => (await renderMetrics(metricsView({ shared, studies, clocks, ready: facts.ready() }))).text,
      onError: error => log.error({ err: error }, 'HTTP'),
    })
    cleanups.push(() => server.close())
    await startNetwork(host, { hellos, contacts, predictions, events, cleanups })
    cleanups.push(() => studies.stop())
    log.info({ url: server.url }, 'status page')
    log.info({ peer: host.peer, addresses: host.addresses() }, 'listening')
    await studies.start()
    cleanups.push(watchProblems(clockProblems, { log, events }))
    view.current()
    signal?.throwIfAborted()
    return { live, status: () => facts.status(null) as NodeStatus, done: done.promise, stop: () => stop() }
  } catch (error) {
    await stop(error)
    throw error
  }
}

interface Contacts {
  readonly service: ContactService
  readonly proposals: ProposalService
}

function contactsOf(folder: string, { peer, site, log }: { peer: string; site: string; log: Logger }): Contacts {
  const shared = { folder, peer, log, now: Date.now, clock: systemClock }
  const random = (bytes: number): Uint8Array => new Uint8Array(randomBytes(bytes))
  const service = new ContactService({ ...shared, site, version: readVersion(), random })
  return { service, proposals: new ProposalService({ ...shared, contacts: () => service.contacts() }) }
}

async function hostOf({
  contacts,
  predictions,
  config,
  seed,
  datastore,
  log,
}: {
  contacts: ContactService
  predictions: PredictionService | null
  config: NodeConfig
  seed: Uint8Array
  datastore: unknown
  log: Pick<Logger, 'warn'>
}): Promise<NetworkHost> {
  const { listen, announce, bootstrap, mdns } = config.network
  const reach = await reachSettings(config.network)
  return await createHost(
    { ...{ transport: 'tcp', listen, announce, bootstrap, mdns, seed, datastore }, reach },
    {
      admits: peer => contacts.admits(peer) || predictions?.admits(peer) === true,
      allows: (peer, protocol, isMember) => {
        if (protocol === CONTACT_PROTOCOL) return contacts.meets(peer)
        if (protocol === PREDICTION_PROTOCOL) return predictions !== null
        return protocol === PROPOSAL_PROTOCOL ? contacts.isContact(peer) : isMember || contacts.isContact(peer)
      },
      refused: (peer, ms, reason) => log.warn({ peer, ms, reason }, 'a peer went too far and is sent away for a while'),
    },
  )
}

/** Whoever reaches the node finds its protocols there. */
async function startNetwork(
  host: NetworkHost,
  {
    hellos,
    contacts: { service, proposals },
    predictions,
    events,
    cleanups,
  }: {
    hellos: HelloDesk
    contacts: Contacts
    predictions: PredictionService | null
    events: EventFeed
    cleanups: (() => Promise<void>)[]
  },
): Promise<void> {
  await hellos.start()
  await predictions?.start(host)
  await host.start()
  cleanups.push(() => host.stop())
  await service.start(host)
  cleanups.push(() => service.stop())
  await proposals.start(host)
  cleanups.push(() => proposals.stop())
  const seen = { contacts: '', studies: '' }
  // both services read their files again every second; what they say then is told on
  const look = setInterval(() => {
    const contacts = JSON.stringify(service.list())
    const studies = JSON.stringify(proposals.list().map(one => [one.study.study, one.answers.size, one.changes.length]))
    if (contacts !== seen.contacts) events.emit({ type: 'contacts', text: 'contacts have changed' })
    if (studies !== seen.studies) events.emit({ type: 'studies', text: 'proposed studies have changed' })
    Object.assign(seen, { contacts, studies })
  }, 1000)
  cleanups.push(async () => clearInterval(look))
}

/** Says in the log and to whoever listens when a problem of the machine comes, changes or goes. */
function watchProblems(
  problems: () => readonly NodeProblem[],
  { log, events }: { log: Pick<Logger, 'info' | 'warn'>; events: EventFeed },
): () => Promise<void> {
  let told = ''
  const look = setInterval(() => {
    const [found] = problems()
    // minutes that count on are no news
    const seen = found === undefined ? '' : found.message.replace(/[\d.]+/g, '')
    if (seen === told) return
    told = seen
    if (found !== undefined) log.warn({ code: found.code, hint: found.hint }, found.message)
    else log.info('the clocks agree again')
    events.emit({ type: 'node', text: found?.message ?? 'the clocks agree again' })
  }, 1000)
  return async () => clearInterval(look)
}

function siteOf(studies: Studies, peer: string): string | null {
  const found = studies.list().flatMap(({ running }) => running?.status().peers ?? [])
  return found.find(one => one.peer === peer)?.site ?? null
}

function sentenceOf(view: ReturnType<typeof nodeView>): string {
  const { ready, reasons } = view.ready()
  return ready ? 'all studies move' : (reasons[0] ?? 'not ready')
}
