/**
 * One node of one study, put together from its parts. The daemon gives it a disk, a worker and TCP; a cluster in one
 * process gives it less.
 *
 * @module
 */

import { randomInt } from 'node:crypto'
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks'
import { ProtocolError } from '../../protocols/errors.ts'
import { admissionOf, BEHIND_PATIENCE_MS, refusalOf } from '../../protocols/exchange/admission.ts'
import { hex } from '../../protocols/immutable.ts'
import type { Evidence } from '../../protocols/messages/evidence.ts'
import { type Message, openMessage } from '../../protocols/messages/messages.ts'
import { fits } from '../../protocols/roster/change.ts'
import { contextAt, createContext, type StepContext } from '../../protocols/round/context.ts'
import type { Notice } from '../../protocols/round/effects.ts'
import type { RoundEvent } from '../../protocols/round/events.ts'
import { lastRound, mainKind, roundKind } from '../../protocols/study/rounds.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import type { Link } from '../../protocols/transcript/link.ts'
import { systemClock } from '../clock.ts'
import type { NodeStatus, PeerStatus } from '../http/status.ts'
import type { Logger } from '../log.ts'
import { type AntiEntropy, createAntiEntropy } from '../network/anti-entropy.ts'
import type { GossipVerdict } from '../network/gossip-reader.ts'
import type { HelloDesk } from '../network/hello-desk.ts'
import { AuthorLimits } from '../network/limits/author-limits.ts'
import { type HelloClocks, Neighbours } from '../network/neighbours.ts'
import type { Network, NetworkHost } from '../network/network.ts'
import { topicOf } from '../network/topic.ts'
import { TransferClient } from '../network/transfer/client.ts'
import { TransferServer } from '../network/transfer/server.ts'
import { budgetSpent } from '../privacy/account.ts'
import { pricedElsewhere } from '../privacy/patient-epsilons.ts'
import type { EvidenceFolder } from '../storage/evidence-folder.ts'
import type { Identity } from '../storage/identity.ts'
import type { RoundRecord } from '../storage/round-record.ts'
import type { SavedCharge, SavedRound, Store } from '../storage/store.ts'
import { readVersion } from '../version.ts'
import type { WorkerClient } from '../worker/worker-client.ts'
import { differenceText, peerStatuses } from './absence.ts'
import { Driver, type Found as FoundOnDisk } from './driver.ts'
import { removed, requireBudgetLeft, requirePlace, rosterLinks } from './eligibility.ts'
import { restoreCheckpoint } from './newest-held.ts'
import { createRecorder, type Recorder } from './recorder.ts'
import { type ApprovedChange, approvedChanges, rosterStatus } from './roster-status.ts'

const LAG_RESOLUTION_MS = 10

export interface NodeInit {
  readonly document: StudyDocument
  readonly identity: Identity
  readonly site: string
  readonly requiredPeers: readonly string[]
  readonly epsilonMax: number
  /** whose account pays: null for the hospital's own */
  readonly population?: string | null
  /** rounds of the study that the privacy budget pays for at the start, those charged already among them */
  readonly chargesMax?: number
  /** whether the privacy budget pays for a further round now: other studies spend from it too */
  readonly paysNext?: () => boolean
  /** whether the store may lack messages that this hospital has sent, as after a restore */
  readonly forgetful?: boolean
}

export interface NodeComponents {
  /** the node's, for all of its studies */
  readonly host: NetworkHost
  readonly hellos: HelloDesk
  readonly store: Store
  readonly worker: WorkerClient
  readonly evidence: EvidenceFolder
  readonly log: Logger
  /** told when the change of the roster that our operator approved can have no effect any more: it holds, most often */
  readonly settled?: () => void
  /** told when the study cannot go on here */
  readonly fatal: (error: unknown) => void
  /** told when its last round is certified */
  readonly finished?: () => void
  readonly completed?: (round: number) => void
  readonly clocks?: HelloClocks
  /** resolves when this hospital may train; by default at once */
  readonly mayTrain?: () => Promise<void>
}

/** Starts a study on its node's host; resolves when it has taken up its round. */
export async function createNode(init: NodeInit, components: NodeComponents): Promise<StudyNode> {
  const { document, identity, requiredPeers, chargesMax } = init
  const { store, worker } = components
  const context = createContext({ document, signer: identity.signer, requiredPeers, chargesMax })
  const [engine, readyFloorMs] = [await worker.engine(), await worker.readyFloorMs()]
  const head = await store.head(context)
  await requirePlace(store, context)
  requireBudgetLeft(head, context)
  const onDisk = { ...(await restoreCheckpoint(head, { worker, peer: context.peer })), forgetful: init.forgetful }
  const found = { engine, readyFloorMs, head, records: await store.records() }
  const node = new StudyNode(context, init, { ...components, ...found })
  await node.start(head, onDisk)
  return node
}

interface Found {
  readonly engine: string
  readonly readyFloorMs: number
  readonly head: SavedRound
  readonly records: readonly RoundRecord[]
}

export class StudyNode {
  readonly #context: StepContext
  readonly #init: NodeInit
  readonly #components: NodeComponents & Found
  readonly #recorder: Recorder
  readonly #driver: Driver
  readonly #neighbours: Neighbours
  readonly #lag: IntervalHistogram = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS })
  readonly #version = readVersion()
  readonly #origins: AuthorLimits
  /** whether the roster has named us so far */
  #inside: boolean
  /** whether the round is taken up and every protocol served, so that members may be let in */
  #open = false
  #network!: Network
  #antiEntropy!: AntiEntropy
  #client!: TransferClient

  constructor(context: StepContext, init: NodeInit, components: NodeComponents & Found) {
    const { document, epsilonMax } = init
    const { hellos, store, worker, log, fatal, head, records } = components
    this.#context = context
    this.#init = init
    this.#components = components
    this.#inside = context.founding.ranks.has(context.peer)
    this.#origins = new AuthorLimits(context.roster.hospitals.length, systemClock)
    const { charges } = head
    this.#recorder = createRecorder(
      { context, document, epsilonMax, records, charges },
      {
        log,
        bytesSent: () => this.#network.studyBytesSent(),
        store: record => void store.record(record).catch(fatal),
        patients: pricedElsewhere(worker.epsilonsOfCopies),
        accuse: (peer, code, evidence) => this.#accuse(peer, code, evidence),
        now: () => performance.now(),
      },
    )
    this.#driver = new Driver({
      context,
      store,
      worker,
      network: () => this.#network,
      transfer: () => this.#client,
      mayTrain: components.mayTrain ?? (async () => {}),
      // whoever does not answer is asked again by the state machine
      recall: peer => void this.#antiEntropy.recall(peer).catch(() => {}),
      compare: peer => void this.#antiEntropy.compareAgain(peer).catch(() => {}),
      observer: {
        notice: notice => this.#notice(notice),
        trained: (round, ms) => this.#recorder.trained(round, ms),
        blamed: (peer, code, evidence) => this.#recorder.blamed(peer, code, evidence),
        charged: charge => this.#recorder.charged(charge),
      },
      ...{ log, fatal, readyFloorMs: components.readyFloorMs },
    })
    this.#neighbours = new Neighbours({
      context,
      ...{ hellos, network: () => this.#network },
      joined: peer => this.#joined(peer),
      left: peer => this.#member('disconnected', peer),
      elsewhere: (peer, difference) =>
        log.warn({ peer, ...difference }, differenceText(this.#now, { peer, difference })),
      now: () => performance.now(),
      ...(components.clocks && { clocks: components.clocks }),
    })
  }

  /** The study under the roster of our round. */
  get #now(): StepContext {
    return contextAt(this.#context, this.#driver.state.roster)
  }

  /** votes that decide */
  get quorum(): number {
    return this.#now.quorum
  }

  /** whether the roster names this hospital */
  get isMember(): boolean {
    return this.#now.roster.ranks.has(this.#context.peer)
  }

  get network(): Network {
    return this.#network
  }

  async start(head: SavedRound, found: FoundOnDisk): Promise<void> {
    const { host, store, worker, log, engine } = this.#components
    const context = this.#context
    const state = () => this.#driver.state
    const event = (event: RoundEvent) => this.#driver.event(event)
    const { discovered, opened, closed } = this.#neighbours
    const network = host.join(topicOf(context.study), {
      admits: peer => this.#open && this.#now.roster.ranks.has(peer),
      validate: bytes => this.#validate(bytes),
      ...{ discovered, opened, closed },
    })
    this.#network = network
    this.#client = new TransferClient({ context, network, worker, state, event })
    const { nextStep } = this.#driver
    const server = new TransferServer({ context, network, worker, state, event, nextStep })
    const peers = () => this.#neighbours.connected()
    const random = () => randomInt(2 ** 32) / 2 ** 32
    this.#antiEntropy = createAntiEntropy({ context, network, store, state, event, peers, random })
    // whoever reaches us finds the round taken up and every protocol there
    await this.#driver.begin(head, found)
    const { round, roster } = this.#driver.state
    if (roster.version > 0) this.#notice({ kind: 'roster', round, roster })
    await server.start()
    await this.#antiEntropy.start()
    this.#open = true
    network.refresh()
    this.#lag.enable()
    this.#neighbours.start()
    log.info({ addresses: network.addresses(), engine }, 'taking part')
  }

  #member(type: 'connected' | 'disconnected', peer: string): void {
    this.#components.log.info({ peer, state: type }, 'peer')
    const member = this.#now.roster.ranks.get(peer)
    if (member !== undefined) this.#driver.event({ type, member })
  }

  #joined(peer: string): void {
    this.#member('connected', peer)
    this.#antiEntropy.compare(peer).catch(() => {})
  }

  /** A gossip message's fate. Only what verifies and belongs to this round or the next is passed on. */
  #validate(bytes: Uint8Array): GossipVerdict {
    let message: Message
    try {
      message = openMessage(bytes, this.#now)
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      this.#components.log.debug({ peer: error.peer, code: error.code }, 'a gossip message was refused')
      return refusalOf(error)
    }
    const { taken, behind } = admissionOf(message.body.round, this.#driver.state.round)
    if (behind) this.#catchUp(this.#now.roster.peers[message.from] as string)
    if (!taken || !this.#origins.admits(message.from, bytes.length)) return 'ignore'
    this.#driver.event({ type: 'received', message })
    return 'accept'
  }

  #catchUp(peer: string): void {
    const { round } = this.#driver.state
    setTimeout(() => {
      if (this.#driver.state.round === round) this.#antiEntropy.compare(peer).catch(() => {})
    }, BEHIND_PATIENCE_MS).unref()
  }

  #notice(notice: Notice): void {
    this.#recorder.notice(notice)
    if (notice.kind === 'completed') this.#components.completed?.(notice.round)
    if (notice.kind === 'completed' && !this.#paysNext(notice.round)) this.#spent(notice.round + 1)
    if (notice.kind === 'refused' && notice.code === 'privacy-budget-exhausted') this.#spent(notice.round)
    if (notice.kind === 'finished') this.#components.finished?.()
    if (notice.kind !== 'roster') return
    const { roster } = notice
    this.#neighbours.follow(roster)
    const inside = roster.ranks.has(this.#context.peer)
    if (this.#inside && !inside) this.#components.fatal(removed(this.#init.document))
    this.#inside = inside
    const { approving } = this.#driver.state
    if (approving !== null && !fits(this.#init.document, roster, approving)) this.#components.settled?.()
  }

  #paysNext(completed: number): boolean {
    const { document, paysNext } = this.#init
    if (completed >= lastRound(document) || roundKind(document, completed + 1) !== mainKind(document)) return true
    return paysNext === undefined || paysNext()
  }

  /** The budget is spent: the node leaves, but for a round that it had released in before it was started again. */
  #spent(round: number): void {
    if (this.#components.head.charges.some(charge => charge.round === round)) return
    this.#components.fatal(budgetSpent(this.#init.document, this.#driver.state.charges))
  }

  /** Our operator approves a change of the roster, or with null no longer does. */
  approve(change: Uint8Array | null): void {
    const { roster } = this.#driver.state
    if (change !== null && !fits(this.#init.document, roster, change)) {
      this.#components.log.warn('the approved change does not fit the roster as it is: it has no effect')
    }
    this.#driver.event({ type: 'approve', change })
  }

  /** Keeps what is proven; of suspicions only those that no honest peer can bring upon itself count. */
  #accuse(peer: string, code: string, evidence: Evidence | null): void {
    const { evidence: folder, log } = this.#components
    if (evidence === null) {
      if (code === 'bad-link') this.#network.guard.strikes.add(peer, 'wrong-bytes')
      return
    }
    const { round } = this.#driver.state
    const keep = async () => {
      const links = await this.#rosterLinks()
      const file = await folder.keep({ peer, code }, { study: this.#context.study, round, evidence, links })
      if (file !== null) log.warn({ peer, code, file }, 'proof of a lie is kept: see "confrere evidence verify"')
    }
    // a full disk must not cost the round: its own writes tell of that
    keep().catch(error => log.error({ err: error, peer, code }, 'proof of a lie could not be kept'))
  }

  /** The certified rounds that have changed the roster. */
  async #rosterLinks(): Promise<Link[]> {
    return this.#driver.state.roster.version === 0 ? [] : await rosterLinks(this.#components.store)
  }

  /** The changes of the roster that hospitals approve, as they say in every round. */
  changes(): ApprovedChange[] {
    const { state, approvals } = this.#driver
    const { document } = this.#init
    return approvedChanges(state, { said: approvals.of(state), document, self: this.#context.peer })
  }

  /** Counts a round that the ledger lacked, and was charged outside of the steps. */
  charged(charge: SavedCharge): void {
    this.#recorder.charged(charge)
  }

  rounds(): readonly RoundRecord[] {
    return this.#recorder.records
  }

  #peers(): PeerStatus[] {
    const { reach } = this.#components.host
    const obstacleOf = (peer: string) => this.#neighbours.obstacleOf(peer)
    const connected = this.#neighbours.connected()
    return peerStatuses(this.#now, { connected, self: this.#context.peer, obstacleOf, reach })
  }

  /** Whether the node can take part in a round now, and if not, why. */
  ready(): { ready: boolean; reasons: string[] } {
    const reasons: string[] = []
    const reachable = this.#neighbours.connected().length + 1
    const { quorum } = this.#now
    if (reachable < quorum) {
      reasons.push(`${reachable} of at least ${quorum} hospitals are connected`)
      reasons.push(...this.#peers().flatMap(({ reason }) => reason ?? []))
    }
    if (this.#driver.state.phase === 'catching-up') reasons.push('catching up with the other hospitals')
    return { ready: reasons.length === 0, reasons }
  }

  status(): NodeStatus {
    const { document, identity, site } = this.#init
    const { phase, records, lastError } = this.#recorder
    const { round, commit, trained } = this.#driver.state
    return {
      peer: identity.peer,
      site,
      version: this.#version,
      study: hex(this.#context.study),
      studyName: document.name,
      ...{ stage: null, waiting: null, problems: [] },
      phase: phase === 'idle' && !trained ? 'training' : phase,
      round: Math.min(round, lastRound(document)),
      roundKind: roundKind(document, round),
      rounds: lastRound(document),
      view: commit.view,
      peers: this.#peers(),
      contributors: records.at(-1)?.contributors ?? [],
      epsilon: this.#recorder.epsilon(),
      epsilonsOfPatient: this.#recorder.epsilonsOfPatient(),
      population: this.#init.population ?? null,
      noiseMultiplier: document.privacy.noiseMultiplier,
      engine: this.#components.engine,
      checkpoint: records.findLast(({ outcome }) => outcome === 'result')?.checkpoint ?? null,
      memoryBytes: process.memoryUsage.rss(),
      eventLoopLagP99Ms: Math.max(0, this.#lag.percentile(99) / 1e6 - LAG_RESOLUTION_MS),
      lastError,
      roster: rosterStatus(this.#driver.state, this.changes()),
      strikes: this.#network.guard.strikes.list(),
      evidence: this.#components.evidence.count,
    }
  }

  async stop(): Promise<void> {
    this.#lag.disable()
    this.#neighbours.stop()
    this.#antiEntropy.stop()
    await this.#driver.stop()
    await this.#network?.leave()
  }
}
