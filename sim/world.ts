/**
 * A small deterministic world: hospitals that run the production state machine over a virtual clock and a seeded
 * network. The same seed gives the same story.
 *
 * @module
 */

import type { Envelope } from '../crypto/envelope.ts'
import { ProtocolError } from '../crypto/errors.ts'
import { sha256 } from '../crypto/hash.ts'
import type { Rng } from '../crypto/rng.ts'
import type { Signer } from '../crypto/signature.ts'
import { genesisHash } from '../crypto/transcript.ts'
import type { RoundJob, RoundOutput } from '../protocols/aggregation/jobs.ts'
import { findPhase } from '../protocols/aggregation/machine.ts'
import { createRunner } from '../protocols/aggregation/runner.ts'
import type { Effect, Notice, RoundEvent, StepContext } from '../protocols/ports.ts'
import type { Member } from '../protocols/roster/roster.ts'
import { initialCheckpoint } from '../protocols/round/checkpoint.ts'
import { createContext } from '../protocols/round/context.ts'
import { begin, step } from '../protocols/round/machine.ts'
import { type Message, openMessage } from '../protocols/round/messages.ts'
import { saidBy } from '../protocols/round/receive.ts'
import type { RoundState } from '../protocols/round/state.ts'
import { type StudyDocument, studyIdOf } from '../protocols/study/document.ts'
import { SYNC_INTERVAL_MS, SYNC_PEERS } from '../protocols/sync/constants.ts'
import { decodeLink, decodeResultValue, encodeLink, hashAfter } from '../protocols/sync/link.ts'
import { answer, bitmapOf, decodeFill, decodeSummary, encodeSync, missingFrom } from '../protocols/sync/machine.ts'
import { EventQueue } from './event-queue.ts'
import { MemoryDisk, MemoryVault } from './memory-vault.ts'

const PULL_RETRY_MS = 500

export interface WorldOptions {
  readonly document: StudyDocument
  readonly signers: readonly Signer[]
  readonly seed: Uint8Array
  readonly rng: Rng
  /** the clipped, quantised sum that a hospital's training gives in a round; called anew after a restart */
  readonly update: (member: Member, round: number) => Int32Array
  /** one hospital's own cap on epsilon, if it has one */
  readonly epsilonMax?: (member: Member) => number | undefined
  readonly verify?: (envelope: Envelope) => boolean
  readonly delayMs?: number
}

export interface SimulatedHospital {
  readonly member: Member
  readonly context: StepContext
  readonly disk: MemoryDisk
  readonly vault: MemoryVault
  readonly run: (job: RoundJob) => RoundOutput
  state: RoundState
  alive: boolean
  /** grows with every crash: what a process had begun ends with it */
  epoch: number
  /** chunks of sessions that are not known here yet */
  early: Extract<RoundEvent, { type: 'chunk' }>[]
  readonly notices: Notice[]
  readonly blames: { member: Member; code: string }[]
  readonly published: Uint8Array[]
}

/** Where a hospital can be killed: before any effect, or between a job's end and the event that tells of it. */
export type CrashPoint = Effect['type'] | 'computed'

export class World {
  readonly hospitals: SimulatedHospital[]
  now = 0
  readonly #options: WorldOptions
  readonly #queue = new EventQueue()
  readonly #cut = new Set<Member>()
  readonly #opened = new WeakMap<Uint8Array, Message>()
  #draws = 0
  /** sees a gossip message on one edge: false drops it, other bytes take its place */
  deliver: (from: Member, to: Member, bytes: Uint8Array) => boolean | Uint8Array = () => true
  /** true kills the hospital at that very instant */
  crashes: (hospital: SimulatedHospital, point: CrashPoint) => boolean = () => false
  /** sees every effect before it is carried out */
  inspect: (hospital: SimulatedHospital, effect: Effect) => void = () => {}

  constructor(options: WorldOptions) {
    this.#options = options
    this.hospitals = options.signers.map(signer => createHospital(signer, options))
    this.hospitals.sort((a, b) => a.member - b.member)
  }

  /** A number in [0, 1) from the world's seed. */
  random(): number {
    const digest = sha256(this.#options.seed, Buffer.from(String(this.#draws++)))
    return Buffer.from(digest).readUInt32BE(0) / 2 ** 32
  }

  after(delayMs: number, run: () => void): void {
    this.#queue.push(this.now + delayMs, run)
  }

  /** Runs until the condition holds. @throws Error when the virtual time is over first */
  until(condition: () => boolean, { withinMs = 600_000 }: { withinMs?: number } = {}): void {
    const end = this.now + withinMs
    while (!condition()) {
      const { next } = this.#queue
      if (next === undefined || next.at > end) throw new Error(`not within ${withinMs} ms: ${this.describe()}`)
      this.#queue.pop()
      this.now = next.at
      next.run()
    }
  }

  describe(): string {
    const line = ({ member, alive, state }: SimulatedHospital) =>
      `${member}${alive ? '' : ' (down)'} round ${state?.round} view ${state?.commit.view} ${state?.phase}`
    return this.hospitals.map(line).join('; ')
  }

  start(member: Member): void {
    const hospital = this.hospitals[member] as SimulatedHospital
    const { disk, context } = hospital
    hospital.alive = true
    let previous = genesisHash(studyIdOf(this.#options.document))
    for (const link of disk.links) previous = hashAfter(previous, link, decodeResultValue(link.value))
    const round = (disk.links.at(-1)?.round ?? 0) + 1
    const own = disk.own.get(round) ?? new Map()
    const { state, effects } = begin({ round, previous, charges: disk.charges.length, own }, context)
    hospital.state = state
    this.#perform(hospital, effects)
    for (const other of this.hospitals) this.#meet(hospital, other)
    this.#later(hospital, SYNC_INTERVAL_MS * this.random(), () => this.#sync(hospital))
  }

  /** SIGKILL: only the disk is left. */
  kill(member: Member): void {
    const hospital = this.hospitals[member] as SimulatedHospital
    hospital.alive = false
    hospital.epoch += 1
    hospital.early = []
    hospital.vault.crash()
    for (const other of this.hospitals) if (this.#linked(hospital, other)) this.#lose(other, member)
  }

  /** Nothing passes any more between these members and the others, until `heal`. */
  partition(members: readonly Member[]): void {
    const before = this.hospitals.map(one => this.hospitals.filter(other => this.#linked(one, other)))
    for (const member of members) this.#cut.add(member)
    for (const one of this.hospitals) {
      for (const other of before[one.member] ?? []) {
        if (one.alive && other.alive && !this.#linked(one, other)) this.#lose(one, other.member)
      }
    }
  }

  heal(): void {
    const cut = [...this.#cut]
    this.#cut.clear()
    const others = this.hospitals.filter(({ member }) => !cut.includes(member))
    for (const member of cut) for (const other of others) this.#meet(this.hospitals[member]!, other)
  }

  step(hospital: SimulatedHospital, event: RoundEvent): void {
    if (!hospital.alive) return
    const { state, effects } = step(hospital.state, event, hospital.context)
    hospital.state = state
    this.#perform(hospital, effects)
    this.#takeEarly(hospital)
  }

  #linked(one: SimulatedHospital, other: SimulatedHospital): boolean {
    return one !== other && this.#cut.has(one.member) === this.#cut.has(other.member)
  }

  #meet(one: SimulatedHospital, other: SimulatedHospital): void {
    if (!one.alive || !other.alive || !this.#linked(one, other)) return
    this.step(one, { type: 'connected', member: other.member })
    this.step(other, { type: 'connected', member: one.member })
  }

  #lose(hospital: SimulatedHospital, member: Member): void {
    this.step(hospital, { type: 'disconnected', member })
  }

  #later(hospital: SimulatedHospital, delayMs: number, run: () => void): void {
    const { epoch } = hospital
    this.after(delayMs, () => {
      if (hospital.alive && hospital.epoch === epoch) run()
    })
  }

  #perform(hospital: SimulatedHospital, effects: readonly Effect[]): void {
    const { epoch } = hospital
    for (const effect of effects) {
      if (!hospital.alive || hospital.epoch !== epoch) return
      if (this.crashes(hospital, effect.type)) return this.kill(hospital.member)
      this.inspect(hospital, effect)
      this.#performOne(hospital, effect)
    }
  }

  #performOne(hospital: SimulatedHospital, effect: Effect): void {
    switch (effect.type) {
      case 'store': {
        hospital.disk.write(effect.entries)
        const links = effect.entries.flatMap(entry => (entry.kind === 'link' ? [entry.link] : []))
        if (links.length > 0) hospital.vault.adopt(links)
        break
      }
      case 'publish':
        hospital.published.push(effect.bytes)
        for (const other of this.hospitals) this.#gossip(hospital, other, effect.bytes)
        break
      case 'train':
        this.#train(hospital, effect.round)
        break
      case 'compute':
        this.#compute(hospital, effect.job)
        break
      case 'send':
        this.#upload(hospital, this.hospitals[effect.to] as SimulatedHospital, effect)
        break
      case 'pull':
        this.#later(hospital, 2 * this.#delay(), () => this.#pull(hospital, effect))
        break
      case 'schedule': {
        const { round, timer, afterMs } = effect
        this.#later(hospital, afterMs, () => this.step(hospital, { type: 'tick', round, timer }))
        break
      }
      case 'emit':
        hospital.notices.push(effect.notice)
        break
      case 'blame':
        hospital.blames.push({ member: effect.member, code: effect.code })
    }
  }

  #train(hospital: SimulatedHospital, round: number): void {
    this.#later(hospital, 10 + 40 * this.random(), () => {
      hospital.vault.updates.set(round, this.#options.update(hospital.member, round))
      this.step(hospital, { type: 'trained', round })
    })
  }

  #compute(hospital: SimulatedHospital, job: RoundJob): void {
    this.#later(hospital, 1 + 5 * this.random(), () => {
      const output = hospital.run(job)
      if (this.crashes(hospital, 'computed')) this.kill(hospital.member)
      else this.step(hospital, { type: 'computed', round: job.round, output })
    })
  }

  #delay(): number {
    return (this.#options.delayMs ?? 5) * (0.5 + this.random())
  }

  #gossip(from: SimulatedHospital, to: SimulatedHospital, bytes: Uint8Array): void {
    if (!this.#linked(from, to)) return
    const delivered = this.deliver(from.member, to.member, bytes)
    if (delivered !== false) this.after(this.#delay(), () => this.#take(to, delivered === true ? bytes : delivered))
  }

  /** The one door for envelopes; a refused one is the sender's fault and changes nothing. */
  #take(hospital: SimulatedHospital, bytes: Uint8Array): void {
    if (!hospital.alive) return
    try {
      // everybody would open it alike: the study and the roster are the same
      const message = this.#opened.get(bytes) ?? openMessage(bytes, hospital.context)
      this.#opened.set(bytes, message)
      this.step(hospital, { type: 'received', message })
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
    }
  }

  /** A masked chunk travels with its manifest; its receiver keeps it until it knows the session. */
  #upload(from: SimulatedHospital, to: SimulatedHospital, effect: Extract<Effect, { type: 'send' }>): void {
    this.#later(from, this.#delay(), () => {
      const { round, sid, chunk } = effect
      const words = sliceOf(from, effect)
      const view = findPhase(from.state, sid)?.opening.view
      const manifest =
        view === undefined ? undefined : saidBy(from.state, { type: 'manifest', view, from: from.member })
      if (!to.alive || !this.#linked(from, to) || words === undefined || manifest === undefined) return
      this.#take(to, manifest.bytes)
      to.vault.putPart(sid, chunk, from.member, words)
      to.early.push({ type: 'chunk', round, sid, chunk, from: from.member })
      this.#takeEarly(to)
      this.step(from, { type: 'receipt', round, sid, chunk, from: to.member })
    })
  }

  #takeEarly(hospital: SimulatedHospital): void {
    const { state, early } = hospital
    const known = early.find(event => event.round < state.round || findPhase(state, event.sid) !== undefined)
    if (known === undefined) return
    hospital.early = early.filter(event => event !== known)
    this.step(hospital, known)
  }

  /** Asks one after the other, again and again, until one has it or the round is over. */
  #pull(hospital: SimulatedHospital, effect: Extract<Effect, { type: 'pull' }>): void {
    const { wanted, round, from } = effect
    if (hospital.state.round !== round) return
    for (const member of from) {
      const other = this.hospitals[member] as SimulatedHospital
      if (!other.alive || !this.#linked(hospital, other)) continue
      if (wanted.kind === 'chunk') {
        const words = sliceOf(other, { round, ...wanted })
        if (words === undefined) continue
        const { sid, chunk } = wanted
        hospital.vault.putPart(sid, chunk, wanted.member, words)
        return this.step(hospital, { type: 'chunk', round, sid, chunk, from: wanted.member })
      }
      const { hash } = wanted
      const bytes = wanted.kind === 'sum' ? other.vault.sum(hash) : other.vault.checkpoints.get(hash)
      if (bytes === undefined) continue
      if (wanted.kind === 'sum') hospital.vault.putSum(round, hash, bytes)
      else hospital.vault.putCheckpoint(hash, bytes)
      return this.step(hospital, { type: 'pulled', round, hash })
    }
    this.#later(hospital, PULL_RETRY_MS, () => this.#pull(hospital, effect))
  }

  #sync(hospital: SimulatedHospital): void {
    this.#later(hospital, SYNC_INTERVAL_MS, () => this.#sync(hospital))
    const others = this.hospitals.filter(other => other.alive && this.#linked(hospital, other))
    for (let i = 0; i < SYNC_PEERS && others.length > 0; i++) {
      const [other] = others.splice(Math.floor(this.random() * others.length), 1)
      this.#compare(hospital, other as SimulatedHospital)
    }
  }

  /** One exchange of anti-entropy: what we lack, then what the other lacks. */
  #compare(hospital: SimulatedHospital, other: SimulatedHospital): void {
    const members = this.hospitals.length
    const have = bitmapOf(hospital.state, members)
    const summary = encodeSync({ study: hospital.context.study, round: hospital.state.round, have })
    const linksFrom = (round: number) => other.disk.links.filter(link => link.round >= round).map(encodeLink)
    const fill = decodeFill(encodeSync(answer(other.state, decodeSummary(summary), { members, linksFrom })))
    for (const bytes of fill.messages) this.#take(hospital, bytes)
    if (fill.links.length > 0) {
      this.step(hospital, { type: 'links', links: fill.links.map(decodeLink), from: other.member })
    }
    if (fill.round !== hospital.state.round) return
    for (const bytes of missingFrom(hospital.state, fill.have, members)) this.#take(other, bytes)
  }
}

function createHospital(signer: Signer, options: WorldOptions): SimulatedHospital {
  const { document, rng, verify, epsilonMax } = options
  let context = createContext({ document, signer, ...(verify && { verify }) })
  const cap = epsilonMax?.(context.self)
  if (cap !== undefined) context = createContext({ document, signer, epsilonMax: cap, ...(verify && { verify }) })
  const vault = new MemoryVault({ initial: initialCheckpoint(document), rng, dimension: context.dimension })
  return {
    member: context.self,
    context,
    vault,
    run: createRunner(vault, { document, self: context.self, rng }),
    disk: new MemoryDisk(),
    state: undefined as unknown as RoundState,
    alive: false,
    epoch: 0,
    early: [],
    notices: [],
    blames: [],
    published: [],
  }
}

/** One of a hospital's masked chunks, as it would serve it. */
function sliceOf(hospital: SimulatedHospital, { round, sid, chunk }: { round: number; sid: string; chunk: number }) {
  const masked = hospital.vault.masked(round, sid)
  const at = findPhase(hospital.state, sid)?.opening.chunks[chunk]
  return masked && at && masked.slice(at.start, at.start + at.words)
}
