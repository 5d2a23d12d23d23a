/**
 * One node of one study, put together from its parts. The daemon gives it a disk, a worker and TCP; a cluster in one
 * process gives it less.
 *
 * @module
 */

import { randomInt } from 'node:crypto'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { ProtocolError } from '../crypto/errors.ts'
import type { RoundEvent } from '../protocols/ports.ts'
import { createContext } from '../protocols/round/context.ts'
import { type Message, openMessage } from '../protocols/round/messages.ts'
import { hex } from '../protocols/round/state.ts'
import type { StudyDocument } from '../protocols/study/document.ts'
import { decodeLink, decodeResultValue } from '../protocols/sync/link.ts'
import { Driver } from './driver.ts'
import { createGossipRepair } from './gossip-repair.ts'
import type { Identity } from './identity.ts'
import type { Logger } from './log.ts'
import { createNeighbours } from './neighbours.ts'
import { createNetwork, type Network, type NetworkInit, type Verdict } from './network.ts'
import { createRecorder } from './recorder.ts'
import type { NodeStatus, RoundRecord } from './status.ts'
import type { Store } from './store.ts'
import { createTransfer } from './transfer.ts'
import { readVersion } from './version.ts'
import type { Workshop } from './workshop.ts'

/** A peer that is a round ahead of us may just be quicker by a moment. */
const BEHIND_PATIENCE_MS = 400

export interface NodeInit {
  readonly document: StudyDocument
  readonly identity: Identity
  readonly site: string
  readonly network: Pick<NetworkInit, 'transport' | 'listen' | 'announce' | 'bootstrap' | 'mdns'>
  readonly requiredPeers: readonly string[]
  readonly epsilonMax: number
}

export interface NodeComponents {
  readonly store: Store
  readonly workshop: Workshop
  readonly log: Logger
  /** told once, when the node cannot go on */
  readonly fatal: (error: unknown) => void
}

export interface StudyNode {
  readonly network: Network
  status(): NodeStatus
  rounds(): readonly RoundRecord[]
  ready(): { ready: boolean; reasons: string[] }
  stop(): Promise<void>
}

/** The addresses that the study's roster lists, by peer. */
function rosterAddresses(document: StudyDocument, peers: readonly string[]): Map<string, readonly string[]> {
  return new Map(document.hospitals.map(({ addresses }, member) => [peers[member] as string, addresses]))
}

/** Starts a node on its study; resolves when it listens and has taken up its round. */
export async function createNode(init: NodeInit, components: NodeComponents): Promise<StudyNode> {
  const { document, identity } = init
  const { store, workshop, log, fatal } = components
  const { signer } = identity
  const context = createContext({ document, signer, requiredPeers: init.requiredPeers, epsilonMax: init.epsilonMax })
  const { peers, ranks } = context.roster
  const engine = await workshop.engine()
  const standing = await store.standing()
  await restoreCheckpoint(store, workshop)

  const networkOf = (): Network => network
  const recorder = createRecorder(
    {
      context,
      document,
      epsilonMax: init.epsilonMax,
      records: await store.records(),
      charges: standing.charges.map(charge => charge.contributors),
    },
    {
      log,
      bytesSent: () => network.bytesSent(),
      store: record => void store.record(record).catch(fatal),
      now: () => performance.now(),
    },
  )
  const driver = new Driver({
    context,
    store,
    workshop,
    network: networkOf,
    transfer: () => transfer,
    observer: recorder,
    log,
    fatal,
  })
  const member = (type: 'connected' | 'disconnected') => (peer: string) => {
    log.info({ peer, connected: type === 'connected' }, 'peer')
    driver.event({ type, member: ranks.get(peer) as number })
    if (type === 'connected') repair.compare(peer).catch(() => {})
  }
  const neighbours = createNeighbours(
    { context, addresses: rosterAddresses(document, peers) },
    { network: networkOf, joined: member('connected'), left: member('disconnected') },
  )

  function validate(bytes: Uint8Array): Verdict {
    let message: Message
    try {
      message = openMessage(bytes, context)
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      log.warn({ peer: error.peer, code: error.code }, 'a gossip message was refused')
      return error.action === 'ignore' ? 'ignore' : 'reject'
    }
    const ahead = message.body.round - driver.state.round
    if (ahead > 0) catchUp(peers[message.from] as string)
    if (ahead < 0 || ahead > 1) return 'ignore'
    driver.event({ type: 'received', message })
    return 'accept'
  }

  function catchUp(peer: string): void {
    const { round } = driver.state
    setTimeout(() => {
      if (driver.state.round === round) repair.compare(peer).catch(() => {})
    }, BEHIND_PATIENCE_MS).unref()
  }

  const network = await createNetwork(
    {
      ...init.network,
      seed: identity.seed,
      topic: `/confrere/1/${hex(context.study)}`,
      datastore: store.datastore(),
    },
    {
      admits: peer => ranks.has(peer),
      validate,
      discovered: neighbours.discovered,
      opened: neighbours.opened,
      closed: neighbours.closed,
    },
  )
  const event = (event: RoundEvent) => driver.event(event)
  const transfer = createTransfer(
    { context, signer, dimension: context.dimension },
    { network, workshop, state: () => driver.state, event, nextStep: driver.nextStep },
  )
  const repair = createGossipRepair({
    context,
    network,
    store,
    state: () => driver.state,
    event,
    peers: neighbours.connected,
    random: () => randomInt(2 ** 32) / 2 ** 32,
  })
  const version = readVersion()
  const lag = monitorEventLoopDelay({ resolution: 10 })
  lag.enable()
  await driver.begin(standing)
  await transfer.start()
  await repair.start()
  await network.start()
  await neighbours.start()
  log.info({ peer: network.peer, addresses: network.addresses(), engine }, 'listening')

  const connected = () => new Set(neighbours.connected())
  return {
    network,
    rounds: () => recorder.records,
    ready() {
      const reasons: string[] = []
      const reachable = connected().size + 1
      if (reachable < context.quorum) reasons.push(`${reachable} of at least ${context.quorum} hospitals are connected`)
      if (driver.state.phase === 'catching-up') reasons.push('catching up with the other hospitals')
      return { ready: reasons.length === 0, reasons }
    },
    status() {
      const here = connected()
      const last = recorder.records.at(-1)
      return {
        peer: identity.peer,
        site: init.site,
        version,
        study: hex(context.study),
        studyName: document.name,
        phase: recorder.phase === 'idle' && !driver.state.trained ? 'training' : recorder.phase,
        round: Math.min(driver.state.round, document.rounds),
        rounds: document.rounds,
        view: driver.state.commit.view,
        peers: peers.map((peer, rank) => ({
          peer,
          site: document.hospitals[rank]?.name ?? '',
          state: rank === context.self ? 'self' : here.has(peer) ? 'connected' : 'absent',
        })),
        contributors: last?.contributors ?? [],
        epsilon: recorder.epsilon(),
        noiseMultiplier: document.privacy.noiseMultiplier,
        engine,
        checkpoint: recorder.records.findLast(({ outcome }) => outcome === 'result')?.checkpoint ?? null,
        memoryBytes: process.memoryUsage.rss(),
        eventLoopLagP99Ms: Math.max(0, lag.percentile(99) / 1e6 - 10),
        lastError: recorder.lastError,
      }
    },
    async stop() {
      lag.disable()
      neighbours.stop()
      repair.stop()
      await driver.stop()
      await network.stop()
      await workshop.close()
      await store.close()
    },
  }
}

/** The checkpoint of the last certified result is the one to go on from. */
async function restoreCheckpoint(store: Store, workshop: Workshop): Promise<void> {
  const links = (await store.links(0, Number.MAX_SAFE_INTEGER)).map(decodeLink)
  for (const link of links.reverse()) {
    const value = decodeResultValue(link.value)
    if (value.outcome === 'result') return await workshop.adopt(hex(value.checkpoint), link.round)
  }
}
