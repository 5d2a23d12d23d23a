/**
 * A small deterministic world: hospitals that run the production state machine over a virtual clock and a seeded
 * network. The same seed gives the same story.
 *
 * @module
 */

import type { Envelope } from '../../crypto/envelope.ts'
import type { Rng } from '../../crypto/rng.ts'
import type { Signer } from '../../crypto/signature.ts'
import { ProtocolError } from '../../protocols/errors.ts'
import { hex } from '../../protocols/immutable.ts'
import type { Member } from '../../protocols/roster/roster.ts'
import type { Effect } from '../../protocols/round/effects.ts'
import type { RoundEvent } from '../../protocols/round/events.ts'
import { step } from '../../protocols/round/step.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import type { Adversary } from './adversary.ts'
import { AntiEntropy } from './anti-entropy.ts'
import type { Checker, CrashPoint, WorldApi } from './api.ts'
import { Clock } from './clock.ts'
import { Connections } from './connections.ts'
import { EffectRunner, type EffectRunnerOptions } from './effect-runner.ts'
import { createGossip, type Gossip, type GossipMode } from './gossip.ts'
import { createHospital, rosterOf, type SimulatedHospital, takeUp } from './hospital.ts'
import { KeyExchange } from './key-exchange.ts'
import { Network, type NetworkSettings } from './network.ts'
import type { Packet } from './packet.ts'
import { PacketRouter } from './packet-router.ts'
import { Random } from './random.ts'
import { Transfer } from './transfer.ts'
import { Violation } from './violation.ts'

export type { SimulatedHospital } from './hospital.ts'

export interface WorldOptions extends EffectRunnerOptions {
  readonly document: StudyDocument
  /** one for each hospital that there will ever be, in the order of their ids */
  readonly signers: readonly Signer[]
  readonly seed: Uint8Array
  /** secrets and noise; of the world's own seed unless given */
  readonly rng?: Rng
  /** one hospital's own cap on epsilon, if it has one */
  readonly epsilonMax?: (index: number) => number | undefined
  /** checks simulated signatures; real ones unless given */
  readonly verify?: (envelope: Envelope) => boolean
  readonly delayMs?: number
  readonly network?: Partial<NetworkSettings>
  readonly gossip?: GossipMode
  readonly checkers?: readonly Checker[]
  /** the scripts of those hospitals that lie, by index */
  readonly adversaries?: ReadonlyMap<number, Adversary>
  /** hears what happens, in words */
  readonly tell?: (line: string) => void
}

/** What a disk held once: to set a machine back to. */
export interface Snapshot {
  readonly disk: ReturnType<SimulatedHospital['disk']['copy']>
  readonly vault: ReturnType<SimulatedHospital['vault']['copy']>
}

export class World implements WorldApi {
  readonly hospitals: SimulatedHospital[]
  readonly document: StudyDocument
  readonly network: Network
  readonly connections: Connections
  readonly gossip: Gossip
  readonly antiEntropy: AntiEntropy
  readonly transfer: Transfer
  readonly router: PacketRouter
  readonly effectRunner: EffectRunner
  readonly dice: Random
  readonly exchange = new KeyExchange()
  readonly #options: WorldOptions
  readonly #clock = new Clock()
  readonly #byPeer: ReadonlyMap<string, SimulatedHospital>
  readonly #checkers: readonly Checker[]
  /** sees a gossip message on one edge: false drops it, other bytes take its place */
  deliver: (from: number, to: number, bytes: Uint8Array) => boolean | Uint8Array = () => true
  /** sees every packet at its end of the line: false drops it */
  passes: (from: SimulatedHospital, to: SimulatedHospital, packet: Packet) => boolean = () => true
  /** true kills the hospital at that very instant */
  crashes: (hospital: SimulatedHospital, point: CrashPoint) => boolean = () => false
  /** sees every effect before it is carried out */
  inspect: (hospital: SimulatedHospital, effect: Effect) => void = () => {}

  constructor(options: WorldOptions) {
    const { document, signers, seed, delayMs, checkers = [] } = options
    this.#options = options
    this.document = document
    this.dice = new Random(hex(seed))
    this.hospitals = signers.map((signer, index) => this.#build(signer, index))
    this.#byPeer = new Map(this.hospitals.map(hospital => [hospital.peer, hospital]))
    this.network = new Network(
      signers.length,
      { ...(delayMs !== undefined && { delayMs }), ...options.network },
      {
        clock: this.#clock,
        random: this.dice.fork('network'),
        leaves: (from, to, packet) => this.check(from, checker => checker.packet?.(from, to, packet)),
        arrives: (from, to, packet) => {
          if (this.passes(from, to, packet)) this.guarded(to, () => this.router.arrive(from, to, packet))
        },
      },
    )
    this.connections = new Connections(this, signers.length)
    this.antiEntropy = new AntiEntropy(this)
    this.transfer = new Transfer(this)
    this.gossip = createGossip(this, options.gossip ?? 'direct')
    this.router = new PacketRouter(this)
    this.effectRunner = new EffectRunner(this, options)
    this.#checkers = checkers
    for (const checker of checkers) checker.begin?.(this)
  }

  #build(signer: Signer, index: number): SimulatedHospital {
    const { document, verify, epsilonMax, adversaries, rng } = this.#options
    return createHospital({
      index,
      document,
      signer,
      rng: rng ?? this.dice.fork(`hospital ${index}`).fill,
      verify,
      epsilonMax: epsilonMax?.(index),
      honest: adversaries?.get(index) === undefined,
      exchange: this.exchange,
    })
  }

  /** virtual milliseconds */
  get now(): number {
    return this.#clock.now
  }

  /** A number in [0, 1) from the world's seed. */
  random(): number {
    return this.dice.unit()
  }

  after(delayMs: number, run: () => void): void {
    this.#clock.after(delayMs, run)
  }

  /** Runs later, unless the hospital's process has ended by then. */
  later(hospital: SimulatedHospital, delayMs: number, run: () => void): void {
    const { epoch } = hospital
    this.#clock.after(delayMs, () => {
      if (hospital.alive && hospital.epoch === epoch) this.guarded(hospital, run)
    })
  }

  /** Runs until the condition holds. @throws Error when the virtual time is over first */
  until(condition: () => boolean, { withinMs = 600_000 }: { withinMs?: number } = {}): void {
    if (!this.finishes(condition, withinMs)) throw new Error(`not within ${withinMs} ms: ${this.describe()}`)
  }

  /** Runs until the condition holds; false when the virtual time is over first. */
  finishes(condition: () => boolean, withinMs: number): boolean {
    return this.#clock.until(condition, withinMs)
  }

  /** The world has come to its end: checkers look back. */
  end(): void {
    this.check(null, checker => checker.end?.(this))
  }

  describe(): string {
    const line = ({ index, alive, state }: SimulatedHospital) =>
      `${index}${alive ? '' : ' (down)'} round ${state?.round} view ${state?.commit.view} ${state?.phase}`
    return this.hospitals.map(line).join('; ')
  }

  /** Tells whoever listens what happened, and to whom. */
  tell(hospital: SimulatedHospital | null, text: string): void {
    const time = (this.now / 1000).toFixed(3).padStart(9)
    const who = hospital === null ? '           ' : `hospital ${String(hospital.index).padStart(2)}`
    this.#options.tell?.(`${time} s  ${who}  ${text}`)
  }

  /** The hospital that a rank in another's roster names. */
  hospitalAt(viewer: SimulatedHospital, member: Member): SimulatedHospital | undefined {
    return this.#byPeer.get(rosterOf(viewer).peers[member] ?? '')
  }

  /** A hospital's rank in another's roster. */
  rankOf(viewer: SimulatedHospital, other: SimulatedHospital): Member | undefined {
    return rosterOf(viewer).ranks.get(other.peer)
  }

  /** The script that plays the hospital, if it is a liar. */
  adversaryOf({ index }: SimulatedHospital): Adversary | null {
    return this.#options.adversaries?.get(index) ?? null
  }

  start(index: number): void {
    const hospital = this.hospitals[index] as SimulatedHospital
    hospital.alive = true
    this.tell(hospital, hospital.epoch === 0 ? 'starts' : 'starts again')
    this.check(hospital, checker => checker.lifecycle?.(hospital, 'start'))
    this.guarded(hospital, () => {
      const { state, effects } = takeUp(hospital)
      hospital.state = state
      this.effectRunner.perform(hospital, effects)
      if (!hospital.alive) return
      this.connections.start(hospital)
      this.gossip.start(hospital)
      this.antiEntropy.start(hospital)
    })
  }

  /** SIGKILL: only the disk is left. */
  kill(index: number): void {
    const hospital = this.hospitals[index] as SimulatedHospital
    hospital.alive = false
    this.connections.stop(hospital)
    hospital.epoch += 1
    hospital.early = []
    hospital.seen.clear()
    hospital.vault.crash({ keepStaged: this.random() < 0.5 })
    this.tell(hospital, 'is killed')
    this.check(hospital, checker => checker.lifecycle?.(hospital, 'kill'))
  }

  /** What the hospital's disk holds now. */
  snapshot(index: number): Snapshot {
    const { disk, vault } = this.hospitals[index] as SimulatedHospital
    return { disk: disk.copy(), vault: vault.copy() }
  }

  /** Sets the machine of a hospital that is down back to an older state of its disk. */
  rollBack(index: number, { disk, vault }: Snapshot): void {
    const hospital = this.hospitals[index] as SimulatedHospital
    hospital.disk.restore(disk)
    hospital.vault.restore(vault)
    this.tell(hospital, `is set back to ${disk.links.length} certified rounds`)
    this.check(hospital, checker => checker.lifecycle?.(hospital, 'rollback'))
  }

  /** Gives a hospital that is down a new machine, with what a backup holds of an older state of its disk. */
  restoreBackup(index: number, { disk }: Pick<Snapshot, 'disk'>): void {
    const hospital = this.hospitals[index] as SimulatedHospital
    hospital.disk.restoreBackup(disk)
    hospital.vault.lose()
    this.tell(hospital, `is restored from a backup with ${disk.charges.length} charges`)
    this.check(hospital, checker => checker.lifecycle?.(hospital, 'rollback'))
  }

  /** Nothing passes from these to those any more; what goes the other way still does. */
  cut(from: readonly number[], to: readonly number[]): void {
    for (const [a, b] of this.#edges(from, to)) {
      this.network.cut(a, b)
      this.connections.watch(a, b)
    }
    this.tell(null, `nothing passes from ${from.join(', ')} to ${to.join(', ')}`)
  }

  /** Nothing passes any more between these hospitals and the others, until `heal`. */
  partition(members: readonly number[]): void {
    const others = this.hospitals.map(({ index }) => index).filter(index => !members.includes(index))
    this.cut(members, others)
    this.cut(others, members)
  }

  heal(): void {
    this.network.heal()
    this.tell(null, 'all lines are whole')
  }

  /** A hospital's operator approves a change of the roster, or with null no longer does. */
  approve(index: number, change: Uint8Array | null): void {
    const hospital = this.hospitals[index] as SimulatedHospital
    this.guarded(hospital, () => this.step(hospital, { type: 'approve', change }))
  }

  step(hospital: SimulatedHospital, event: RoundEvent): void {
    if (!hospital.alive) return
    let effects: readonly Effect[]
    try {
      const after = step(hospital.state, event, hospital.context)
      hospital.state = after.state
      effects = after.effects
    } catch (error) {
      // as in the daemon's driver: a step that threw has changed nothing, and nobody is struck for it
      if (!(error instanceof ProtocolError)) throw error
      return this.tell(hospital, `refuses what it was told: ${error.code}`)
    }
    this.effectRunner.perform(hospital, effects)
    if (hospital.alive) this.transfer.takeEarly(hospital)
  }

  /** A hospital counts a fault against the peer that sent it something. */
  fault(hospital: SimulatedHospital, from: SimulatedHospital, reason: string): void {
    this.tell(hospital, `counts a fault of ${from.index}: ${reason}`)
    this.check(hospital, checker => checker.fault?.(hospital, from, reason))
  }

  /** Steps what concerns another hospital, if the roster names it. */
  stepMember(hospital: SimulatedHospital, type: 'connected' | 'disconnected', other: SimulatedHospital): void {
    const member = this.rankOf(hospital, other)
    if (member !== undefined) this.step(hospital, { type, member })
  }

  /** Pushes a gossip message over one edge, past whoever tampers with it. */
  push(from: SimulatedHospital, to: SimulatedHospital, bytes: Uint8Array): void {
    const delivered = this.deliver(from.index, to.index, bytes)
    if (delivered === false) return
    this.network.send(from, to, { kind: 'gossip', bytes: delivered === true ? bytes : delivered })
  }

  /** Shows something to every checker, on behalf of one hospital. */
  check(hospital: SimulatedHospital | null, show: (checker: Checker) => void): void {
    for (const checker of this.#checkers) this.guarded(hospital, () => show(checker))
  }

  /** Runs what one hospital does; whatever goes wrong then says where and when. @throws Violation */
  guarded(hospital: SimulatedHospital | null, run: () => void): void {
    try {
      run()
    } catch (error) {
      throw this.#locate(hospital, error)
    }
  }

  #locate(hospital: SimulatedHospital | null, error: unknown): Violation {
    const what = error instanceof Error ? error.message : String(error)
    const violation = error instanceof Violation ? error : new Violation(null, what, { cause: error })
    violation.hospital ??= hospital?.index ?? null
    violation.round ??= hospital?.state?.round ?? null
    violation.at ??= this.now
    return violation
  }

  #edges(from: readonly number[], to: readonly number[]): [SimulatedHospital, SimulatedHospital][] {
    return from.flatMap(a => to.flatMap(b => (a === b ? [] : [[this.hospitals[a]!, this.hospitals[b]!] as const])))
  }
}
