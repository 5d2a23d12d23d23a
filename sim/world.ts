/**
 * A small deterministic world: hospitals that run the production state machine over a virtual clock and a seeded
 * network. The same seed gives the same story.
 *
 * @module
 */

import type { Envelope } from '../crypto/envelope.ts'
import { ProtocolError } from '../crypto/errors.ts'
import { sha256 } from '../crypto/hash.ts'
import { chunkLayout } from '../crypto/layout.ts'
import type { Rng } from '../crypto/rng.ts'
import type { Signer } from '../crypto/signature.ts'
import { genesisHash } from '../crypto/transcript.ts'
import { createRunner } from '../protocols/aggregation/runner.ts'
import type { Effect, Entry, Notice, RoundEvent, StepContext } from '../protocols/ports.ts'
import type { Member } from '../protocols/roster/roster.ts'
import { initialCheckpoint } from '../protocols/round/checkpoint.ts'
import { createContext } from '../protocols/round/context.ts'
import { begin, step } from '../protocols/round/machine.ts'
import { openMessage } from '../protocols/round/messages.ts'
import { hex, type RoundState } from '../protocols/round/state.ts'
import { type StudyDocument, studyIdOf } from '../protocols/study/document.ts'
import { SYNC_INTERVAL_MS } from '../protocols/sync/constants.ts'
import { decodeLink, decodeResultValue, encodeLink, hashAfter, type Link } from '../protocols/sync/link.ts'
import { answer, bitmapOf, decodeFill, decodeSummary, encodeSync } from '../protocols/sync/machine.ts'
import { MemoryVault } from './memory-vault.ts'

/** What a hospital's disk holds. */
class Disk {
  readonly own = new Map<number, Map<string, Uint8Array>>()
  readonly links: Link[] = []
  readonly charges: Extract<Entry, { kind: 'charge' }>[] = []
}

export interface WorldOptions {
  readonly document: StudyDocument
  readonly signers: readonly Signer[]
  readonly seed: Uint8Array
  readonly rng: Rng
  /** the clipped, quantised sum that a hospital contributes in a round */
  readonly update: (member: Member, round: number) => Int32Array
  readonly verify?: (envelope: Envelope) => boolean
  readonly delayMs?: number
}

export interface SimulatedHospital {
  readonly member: Member
  readonly context: StepContext
  readonly disk: Disk
  readonly vault: MemoryVault
  state: RoundState
  alive: boolean
  epoch: number
  readonly notices: Notice[]
  readonly blames: { member: Member; code: string }[]
  readonly published: Uint8Array[]
}

interface Scheduled {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

export class World {
  readonly hospitals: SimulatedHospital[]
  now = 0
  readonly #options: WorldOptions
  readonly #queue: Scheduled[] = []
  #order = 0
  #draws = 0
  /** may drop or inspect a gossip message on one edge */
  deliver: (from: Member, to: Member, bytes: Uint8Array) => boolean = () => true

  constructor(options: WorldOptions) {
    this.#options = options
    const { document, signers, rng } = options
    this.hospitals = signers.map(signer => {
      const context = createContext({ document, signer, ...(options.verify && { verify: options.verify }) })
      const vault = new MemoryVault({ initial: initialCheckpoint(document), rng, dimension: context.dimension })
      return {
        member: context.self,
        context,
        vault,
        disk: new Disk(),
        state: undefined as unknown as RoundState,
        alive: false,
        epoch: 0,
        notices: [],
        blames: [],
        published: [],
      }
    })
    this.hospitals.sort((a, b) => a.member - b.member)
  }

  /** A number in [0, 1) from the world's seed. */
  random(): number {
    const digest = sha256(this.#options.seed, Buffer.from(String(this.#draws++)))
    return Buffer.from(digest).readUInt32BE(0) / 2 ** 32
  }

  after(delayMs: number, run: () => void): void {
    this.#queue.push({ at: this.now + delayMs, order: this.#order++, run })
  }

  /** Runs until the condition holds. @throws Error when the virtual time is over first */
  until(condition: () => boolean, { withinMs = 600_000 }: { withinMs?: number } = {}): void {
    const end = this.now + withinMs
    while (!condition()) {
      let next: Scheduled | undefined
      for (const item of this.#queue) {
        if (next === undefined || item.at < next.at || (item.at === next.at && item.order < next.order)) next = item
      }
      if (next === undefined || next.at > end) throw new Error(`nothing more happens by ${end} ms: ${this.describe()}`)
      this.#queue.splice(this.#queue.indexOf(next), 1)
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
    for (const other of this.hospitals) {
      if (other === hospital || !other.alive) continue
      this.step(hospital, { type: 'connected', member: other.member })
      this.step(other, { type: 'connected', member })
    }
    this.#sync(hospital, hospital.epoch)
  }

  /** SIGKILL: only the disk is left. */
  kill(member: Member): void {
    const hospital = this.hospitals[member] as SimulatedHospital
    hospital.alive = false
    hospital.epoch += 1
    hospital.vault.crash()
    for (const other of this.hospitals) if (other.alive) this.step(other, { type: 'disconnected', member })
  }

  step(hospital: SimulatedHospital, event: RoundEvent): void {
    if (!hospital.alive) return
    try {
      const { state, effects } = step(hospital.state, event, hospital.context)
      hospital.state = state
      this.#perform(hospital, effects)
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
    }
  }

  #later(hospital: SimulatedHospital, delayMs: number, run: () => void): void {
    const { epoch } = hospital
    this.after(delayMs, () => {
      if (hospital.alive && hospital.epoch === epoch) run()
    })
  }

  #perform(hospital: SimulatedHospital, effects: readonly Effect[]): void {
    for (const effect of effects) this.#performOne(hospital, effect)
  }

  #performOne(hospital: SimulatedHospital, effect: Effect): void {
    const { vault, context } = hospital
    switch (effect.type) {
      case 'store':
        for (const entry of effect.entries) this.#write(hospital, entry)
        return
      case 'publish':
        hospital.published.push(effect.bytes)
        for (const other of this.hospitals) if (other !== hospital) this.#gossip(hospital, other, effect.bytes)
        return
      case 'train':
        return this.#later(hospital, 10 + 40 * this.random(), () => {
          vault.updates.set(effect.round, this.#options.update(hospital.member, effect.round))
          this.step(hospital, { type: 'trained', round: effect.round })
        })
      case 'compute':
        return this.#later(hospital, 1 + 5 * this.random(), () => {
          const { document, rng } = this.#options
          const output = createRunner(vault, { document, self: context.self, rng })(effect.job)
          if (output.kind === 'sum')
            this.step(hospital, { type: 'pulled', round: effect.job.round, hash: hex(output.hash) })
          this.step(hospital, { type: 'computed', round: effect.job.round, output })
        })
      case 'send':
        return this.#upload(hospital, this.hospitals[effect.to] as SimulatedHospital, effect)
      case 'pull':
        return this.#pull(hospital, effect)
      case 'schedule':
        return this.#later(hospital, effect.afterMs, () =>
          this.step(hospital, { type: 'tick', round: effect.round, timer: effect.timer }),
        )
      case 'emit':
        hospital.notices.push(effect.notice)
        return
      case 'blame':
        hospital.blames.push({ member: effect.member, code: effect.code })
    }
  }

  #write({ disk, vault }: SimulatedHospital, entry: Entry): void {
    if (entry.kind === 'own') {
      const slots = disk.own.get(entry.round) ?? new Map<string, Uint8Array>()
      if (slots.has(entry.slot)) throw new Error(`slot ${entry.slot} of round ${entry.round} was filled twice`)
      disk.own.set(entry.round, slots.set(entry.slot, entry.bytes))
    } else if (entry.kind === 'charge') disk.charges.push(entry)
    else if (entry.kind === 'link') {
      const value = decodeResultValue(entry.link.value)
      disk.links.push(decodeLink(encodeLink(entry.link)))
      vault.adopt(value.outcome === 'result' ? hex(value.checkpoint) : null, entry.link.round)
    }
  }

  #delay(): number {
    return (this.#options.delayMs ?? 5) * (0.5 + this.random())
  }

  #gossip(from: SimulatedHospital, to: SimulatedHospital, bytes: Uint8Array): void {
    if (!this.deliver(from.member, to.member, bytes)) return
    this.after(this.#delay(), () => {
      if (to.alive) this.step(to, { type: 'received', message: openMessage(bytes, to.context) })
    })
  }

  #upload(from: SimulatedHospital, to: SimulatedHospital, effect: Extract<Effect, { type: 'send' }>): void {
    this.#later(from, this.#delay(), () => {
      const words = this.#slice(from, effect.round, effect.sid, effect.chunk)
      if (!to.alive || words === undefined) return
      to.vault.putPart(effect.sid, effect.chunk, from.member, words)
      const { round, sid, chunk } = effect
      const event = { type: 'chunk', round, sid, chunk, from: from.member } as const
      // the daemon holds a chunk back until the session is known; here the OPEN may be a few milliseconds behind
      this.#later(to, 20, () => this.step(to, event))
      this.step(from, { type: 'receipt', round, sid, chunk, from: to.member })
    })
  }

  #slice({ vault, state, context }: SimulatedHospital, round: number, sid: string, chunk: number) {
    const masked = vault.masked(round, sid)
    const phase = [...state.phases.values()].find(({ opening }) => hex(opening.sid) === sid)
    if (masked === undefined || phase === undefined) return undefined
    const at = chunkLayout(context.dimension, phase.opening.owners.length)[chunk]
    return at && masked.slice(at.start, at.start + at.words)
  }

  #pull(hospital: SimulatedHospital, effect: Extract<Effect, { type: 'pull' }>): void {
    const { wanted, round } = effect
    this.#later(hospital, 2 * this.#delay(), () => {
      if (hospital.state.round !== round) return
      for (const from of effect.from) {
        const other = this.hospitals[from] as SimulatedHospital
        if (!other.alive) continue
        if (wanted.kind === 'chunk') {
          const words = this.#slice(other, round, wanted.sid, wanted.chunk)
          if (words === undefined) continue
          hospital.vault.putPart(wanted.sid, wanted.chunk, wanted.member, words)
          const { sid, chunk } = wanted
          return this.step(hospital, { type: 'chunk', round, sid, chunk, from: wanted.member })
        }
        const bytes = wanted.kind === 'sum' ? other.vault.sum(wanted.hash) : other.vault.checkpoints.get(wanted.hash)
        if (bytes === undefined) continue
        if (wanted.kind === 'sum') hospital.vault.putSum(round, wanted.hash, bytes)
        else hospital.vault.putCheckpoint(wanted.hash, bytes)
        return this.step(hospital, { type: 'pulled', round, hash: wanted.hash })
      }
      this.#later(hospital, 500, () => this.#pull(hospital, effect))
    })
  }

  #sync(hospital: SimulatedHospital, epoch: number): void {
    if (!hospital.alive || hospital.epoch !== epoch) return
    this.after(SYNC_INTERVAL_MS, () => this.#sync(hospital, epoch))
    const others = this.hospitals.filter(other => other !== hospital && other.alive)
    const other = others[Math.floor(this.random() * others.length)]
    if (other === undefined) return
    const members = this.hospitals.length
    const have = bitmapOf(hospital.state, members)
    const summary = encodeSync({ study: hospital.context.study, round: hospital.state.round, have })
    const linksFrom = (round: number) => other.disk.links.filter(link => link.round >= round).map(encodeLink)
    const fill = decodeFill(encodeSync(answer(other.state, decodeSummary(summary), { members, linksFrom })))
    for (const bytes of fill.messages) {
      this.step(hospital, { type: 'received', message: openMessage(bytes, hospital.context) })
    }
    if (fill.links.length > 0) this.step(hospital, { type: 'links', links: fill.links.map(decodeLink) })
  }
}
