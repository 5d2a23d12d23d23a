/**
 * Drives the state machine: one event at a time, its effects in their order. What must be on disk is on disk before
 * the next effect begins, and no event is stepped meanwhile.
 *
 * @module
 */

import { setMaxListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { CodedError } from '../../crypto/errors.ts'
import { ProtocolError } from '../../protocols/errors.ts'
import { PULL_RETRY_MS, PULL_TIMEOUT_MS } from '../../protocols/exchange/pull.ts'
import { UPLOAD_RETRY_MS } from '../../protocols/exchange/upload.ts'
import { hex } from '../../protocols/immutable.ts'
import type { Evidence } from '../../protocols/messages/evidence.ts'
import { decodeResultValue } from '../../protocols/messages/result-value.ts'
import type { Member, Roster } from '../../protocols/roster/roster.ts'
import { catchingUp } from '../../protocols/round/catch-up.ts'
import type { StepContext } from '../../protocols/round/context.ts'
import type { Effect, Entry, Notice } from '../../protocols/round/effects.ts'
import type { RoundEvent } from '../../protocols/round/events.ts'
import type { RoundState } from '../../protocols/round/state.ts'
import { begin, step } from '../../protocols/round/step.ts'
import { timerName } from '../../protocols/round/timers.ts'
import type { Logger } from '../log.ts'
import type { Network } from '../network/network.ts'
import type { TransferClient } from '../network/transfer/client.ts'
import type { SavedCharge, SavedRound, Store } from '../storage/store.ts'
import { readyAfter } from '../worker/ready-floor.ts'
import type { WorkerClient } from '../worker/worker-client.ts'
import { EventQueue } from './event-queue.ts'
import { underRoster } from './event-roster.ts'
import { ApprovalsHeard } from './roster-status.ts'

export interface DriverListener {
  notice(notice: Notice): void
  trained(round: number, ms: number): void
  /** @param evidence what proves it to anybody; null for a suspicion */
  blamed(peer: string, code: string, evidence: Evidence | null): void
  charged(charge: SavedCharge): void
}

export interface DriverComponents {
  readonly context: StepContext
  readonly store: Store
  readonly worker: WorkerClient
  readonly network: () => Network
  readonly transfer: () => TransferClient
  /** asks a peer what it holds from us */
  /** resolves when this hospital may train: a study that has gone back too often waits for its operator */
  readonly mayTrain: () => Promise<void>
  readonly recall: (peer: string) => void
  /** asks a peer for the links that follow its last answer */
  readonly compare: (peer: string) => void
  readonly observer: DriverListener
  readonly log: Logger
  /** READY comes at multiples of it after the round's start, so that it does not tell the batch; 0: as soon as it can */
  readonly readyFloorMs: number
  /** something that no peer and no operator can be blamed for, or that a restart must mend */
  readonly fatal: (error: unknown) => void
}

/** What a start has found out about the disk. */
export interface Found {
  /** the checkpoint that the certified rounds end in is not there */
  readonly lacksCheckpoint: boolean
  /** messages of ours may be lacking, as after a restore */
  readonly forgetful?: boolean | undefined
}

export class Driver {
  #state!: RoundState
  readonly #parts: DriverComponents
  readonly #queue = new EventQueue()
  /** of changes of the roster */
  readonly approvals = new ApprovalsHeard()
  /** the roster under whose ranks a waiting event came in */
  readonly #heardUnder = new WeakMap<RoundEvent, Roster>()
  readonly #timers = new Map<string, NodeJS.Timeout>()
  readonly #stopped = new AbortController()
  #running: Promise<void> | undefined
  #stepped: (() => void)[] = []

  constructor(parts: DriverComponents) {
    this.#parts = parts
    // one listener per transfer under way, and there may be as many as hospitals
    setMaxListeners(0, this.#stopped.signal)
  }

  get state(): RoundState {
    return this.#state
  }

  /** Takes up the study where the disk left it. */
  async begin({ charges, ...saved }: SavedRound, { lacksCheckpoint, forgetful = false }: Found): Promise<void> {
    const from = { ...(lacksCheckpoint ? catchingUp(saved) : saved), charges, recall: true, forgetful }
    const { state, effects } = begin(from, this.#parts.context)
    this.#state = state
    await this.#perform(effects)
  }

  /** Hands in an event; it is stepped when all before it are done. */
  readonly event = (event: RoundEvent): void => {
    if (this.#stopped.signal.aborted) return
    if (this.#queue.push(event)) this.#heardUnder.set(event, this.#state.roster)
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined
    })
  }

  /** Resolves after the next step. */
  readonly nextStep = (): Promise<void> =>
    new Promise(resolve => {
      this.#stepped.push(resolve)
    })

  /** Takes no more events, lets the running one end. */
  async stop(): Promise<void> {
    this.#stopped.abort()
    this.#queue.clear()
    for (const timer of this.#timers.values()) clearTimeout(timer)
    this.#timers.clear()
    await this.#running
  }

  /** Waits until the time that a round's READY may come at. A node that stops does not wait. */
  async #untilReady(start: number): Promise<void> {
    const tookMs = performance.now() - start
    const leftMs = readyAfter(tookMs, this.#parts.readyFloorMs) - tookMs
    if (leftMs > 0) await sleep(leftMs, undefined, { signal: this.#stopped.signal }).catch(() => {})
  }

  async #run(): Promise<void> {
    for (let event = this.#queue.shift(); event !== undefined; event = this.#queue.shift()) {
      try {
        await this.#step(event)
      } catch (error) {
        this.#parts.fatal(error)
        return
      }
    }
  }

  async #step(heard: RoundEvent): Promise<void> {
    const { round: before, roster } = this.#state
    const event = underRoster(heard, this.#heardUnder.get(heard) ?? roster, roster)
    if (event === undefined) return
    try {
      const { state, effects } = step(this.#state, event, this.#parts.context)
      this.approvals.moved(this.#state, state)
      this.#state = state
      // a round's timers end with it: before its successor asks for its own
      if (state.round !== before) this.#dropTimers()
      await this.#perform(effects)
    } catch (error) {
      // a pure step that threw has changed nothing
      if (!(error instanceof ProtocolError)) throw error
      this.#parts.log.warn({ code: error.code, reason: error.message }, 'a peer sent something that was refused')
    }
    const waiting = this.#stepped
    this.#stepped = []
    for (const resolve of waiting) resolve()
  }

  async #perform(effects: readonly Effect[]): Promise<void> {
    for (const effect of effects) {
      if (this.#stopped.signal.aborted) return
      if (effect.type === 'store') await this.#write(effect.entries)
      else this.#start(effect)
    }
  }

  async #write(entries: readonly Entry[]): Promise<void> {
    const { store, worker, observer } = this.#parts
    await store.write(entries)
    for (const entry of entries) {
      if (entry.kind === 'charge') observer.charged(entry)
      if (entry.kind !== 'link') continue
      const value = decodeResultValue(entry.link.value)
      // only the last link's checkpoint need be here, if the roster still names us and no more links are to come first
      const complete = this.#state.awaited === null && !this.#isOutside()
      const last = complete && entries.findLast(other => other.kind === 'link') === entry
      const hash =
        value.outcome === 'result' && (last || (await worker.checkpoint(hex(value.checkpoint))))
          ? hex(value.checkpoint)
          : null
      await worker.adopt(hash, entry.link.round)
    }
  }

  #start(effect: Exclude<Effect, { type: 'store' }>): void {
    const { network, observer, worker, mayTrain, recall, compare } = this.#parts
    switch (effect.type) {
      case 'publish':
        return network().publish(effect.bytes)
      case 'emit':
        return observer.notice(effect.notice)
      case 'blame':
        return observer.blamed(effect.peer, effect.code, effect.evidence)
      case 'recall':
        return recall(this.#peerOf(effect.from))
      case 'compare':
        return compare(this.#peerOf(effect.with))
      case 'schedule':
        return this.#schedule(effect)
      case 'train':
        return this.#task(async () => {
          await mayTrain()
          const start = performance.now()
          const ms = await worker.train(effect.round)
          observer.trained(effect.round, ms)
          await this.#untilReady(start)
          this.event({ type: 'trained', round: effect.round })
        })
      case 'compute':
        return this.#task(async () => {
          const output = await worker.run(effect.job)
          this.event({ type: 'computed', round: effect.job.round, output })
        })
      case 'send':
        return this.#task(() => this.#upload(effect))
      case 'pull':
        return this.#task(() => this.#pull(effect))
    }
  }

  #isOutside(): boolean {
    return !this.#state.roster.ranks.has(this.#parts.context.peer)
  }

  /** The PeerId of a rank in the roster of our round. */
  #peerOf(member: Member): string {
    return this.#state.roster.peers[member] ?? ''
  }

  /** Work of our own: when it fails otherwise than by a peer's fault, the node cannot go on. */
  #task(work: () => Promise<void>): void {
    work().catch(error => {
      if (!this.#stopped.signal.aborted) this.#parts.fatal(error)
    })
  }

  #schedule({ round, timer, afterMs }: Extract<Effect, { type: 'schedule' }>): void {
    const name = timerName(timer)
    clearTimeout(this.#timers.get(name))
    this.#timers.set(
      name,
      setTimeout(() => this.event({ type: 'tick', round, timer }), afterMs),
    )
  }

  #dropTimers(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer)
    this.#timers.clear()
  }

  /** Tries until the round is over: the owner may be restarting. A peer that is gone is offered it when it is back. */
  async #upload({ to, round, sid, chunk }: Extract<Effect, { type: 'send' }>): Promise<void> {
    const peer = this.#peerOf(to)
    for (;;) {
      if (this.#state.round !== round || this.#stopped.signal.aborted) return
      try {
        return await this.#parts.transfer().upload(to, { round, sid, chunk }, this.#stopped.signal)
      } catch (error) {
        this.#rethrowOwn(error)
        this.#parts.log.debug({ peer, chunk, reason: reasonOf(error) }, 'a chunk did not reach its owner')
        if (!this.#parts.network().connected(peer)) return
        await this.#pause(UPLOAD_RETRY_MS)
      }
    }
  }

  /** Asks one after the other, again and again, until one has it or the round is over. */
  async #pull({ round, wanted, from }: Extract<Effect, { type: 'pull' }>): Promise<void> {
    for (;;) {
      for (const member of from) {
        if (this.#state.round !== round || this.#stopped.signal.aborted) return
        if (!this.#parts.network().connected(this.#peerOf(member))) continue
        const signal = AbortSignal.any([this.#stopped.signal, AbortSignal.timeout(PULL_TIMEOUT_MS)])
        try {
          if (await this.#parts.transfer().pull(member, { round, wanted }, signal)) return
        } catch (error) {
          this.#rethrowOwn(error)
        }
      }
      await this.#pause(PULL_RETRY_MS)
    }
  }

  /** A stream may fail in many ways, all of them the network's; our own disk or worker may not. */
  #rethrowOwn(error: unknown): void {
    const own = error instanceof CodedError && !(error instanceof ProtocolError)
    if (own && !this.#stopped.signal.aborted) throw error
  }

  async #pause(ms: number): Promise<void> {
    // an abort ends the wait, and the loop that waits looks for itself
    await sleep(ms, undefined, { signal: this.#stopped.signal }).catch(() => {})
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
