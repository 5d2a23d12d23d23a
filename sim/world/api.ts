/**
 * What the parts of a world (connections, gossip, packet router, anti-entropy, transfer, effect runner) and its checkers
 * may use of the world and of each other. `World` implements it and builds the parts.
 *
 * @module
 */

import type { ProtocolError } from '../../protocols/errors.ts'
import type { Message } from '../../protocols/messages/messages.ts'
import type { Member } from '../../protocols/roster/roster.ts'
import type { Effect } from '../../protocols/round/effects.ts'
import type { RoundEvent } from '../../protocols/round/events.ts'
import type { RoundJob, RoundOutput } from '../../protocols/secure-sum/jobs.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import type { Adversary, AdversaryIo } from './adversary.ts'
import type { SimulatedHospital } from './hospital.ts'
import type { KeyExchange } from './key-exchange.ts'
import type { Network } from './network.ts'
import type { Packet } from './packet.ts'
import type { Random } from './random.ts'

/**
 * Where a hospital can be killed: before any effect, between a job's write and its fsync, or between a job's end and the
 * event that tells of it.
 */
export type CrashPoint = Effect['type'] | 'written' | 'computed'

export interface ConnectionsApi {
  has(one: SimulatedHospital, other: SimulatedHospital): boolean
  of(hospital: SimulatedHospital): SimulatedHospital[]
  take(hospital: SimulatedHospital, from: SimulatedHospital, packet: Extract<Packet, { kind: 'hello' }>): void
}

export interface GossipApi {
  publish(hospital: SimulatedHospital, bytes: Uint8Array): void
  take(hospital: SimulatedHospital, from: SimulatedHospital, bytes: Uint8Array): void
  dontWant(hospital: SimulatedHospital, from: SimulatedHospital, id: Uint8Array): void
}

export interface AntiEntropyApi {
  compare(hospital: SimulatedHospital, other: SimulatedHospital): void
  recall(hospital: SimulatedHospital, from: Member): void
  catchUp(hospital: SimulatedHospital, from: Member): void
  take(
    hospital: SimulatedHospital,
    from: SimulatedHospital,
    packet: Extract<Packet, { kind: 'summary' | 'fill' | 'push' }>,
  ): void
}

export interface TransferApi {
  upload(hospital: SimulatedHospital, effect: Extract<Effect, { type: 'send' }>): void
  pull(hospital: SimulatedHospital, pull: Extract<Effect, { type: 'pull' }>): void
  lost(hospital: SimulatedHospital, other: SimulatedHospital): void
  take(hospital: SimulatedHospital, from: SimulatedHospital, packet: Packet): void
}

export interface PacketRouterApi {
  /** @throws ProtocolError when the bytes are no valid message */
  open(hospital: SimulatedHospital, bytes: Uint8Array): Message
  tryOpen(hospital: SimulatedHospital, bytes: Uint8Array): Message | undefined
  take(hospital: SimulatedHospital, from: SimulatedHospital, bytes: Uint8Array): boolean
  takeGossip(hospital: SimulatedHospital, from: SimulatedHospital, bytes: Uint8Array): { first: boolean; good: boolean }
  /** what a refusal costs the peer that sent it: a fault, or nothing */
  refuse(hospital: SimulatedHospital, from: SimulatedHospital, error: ProtocolError): void
}

export interface EffectRunnerApi {
  ioOf(hospital: SimulatedHospital): AdversaryIo
  crashes(hospital: SimulatedHospital, point: CrashPoint): boolean
}

export interface WorldApi {
  readonly hospitals: readonly SimulatedHospital[]
  readonly document: StudyDocument
  readonly network: Network
  readonly connections: ConnectionsApi
  readonly gossip: GossipApi
  readonly antiEntropy: AntiEntropyApi
  readonly transfer: TransferApi
  readonly router: PacketRouterApi
  readonly effectRunner: EffectRunnerApi
  readonly exchange: KeyExchange
  readonly dice: Random
  /** virtual milliseconds */
  readonly now: number
  /** a number in [0, 1) from the world's seed */
  random(): number
  /** runs later, unless the hospital's process has ended by then */
  later(hospital: SimulatedHospital, delayMs: number, run: () => void): void
  tell(hospital: SimulatedHospital | null, text: string): void
  check(hospital: SimulatedHospital | null, show: (checker: Checker) => void): void
  step(hospital: SimulatedHospital, event: RoundEvent): void
  /** a hospital counts a fault against the peer that sent it something: the daemon's strike */
  fault(hospital: SimulatedHospital, from: SimulatedHospital, reason: string): void
  stepMember(hospital: SimulatedHospital, type: 'connected' | 'disconnected', other: SimulatedHospital): void
  /** pushes a gossip message over one edge */
  push(from: SimulatedHospital, to: SimulatedHospital, bytes: Uint8Array): void
  kill(index: number): void
  /** the hospital that a rank in another's roster names */
  hospitalAt(viewer: SimulatedHospital, member: Member): SimulatedHospital | undefined
  /** a hospital's rank in another's roster */
  rankOf(viewer: SimulatedHospital, other: SimulatedHospital): Member | undefined
  /** the script that plays the hospital, if it is a liar */
  adversaryOf(hospital: SimulatedHospital): Adversary | null
  /** where everybody stands, in one line */
  describe(): string
  /** runs at that virtual time, whoever is alive then */
  after(delayMs: number, run: () => void): void
  readonly crashes: (hospital: SimulatedHospital, point: CrashPoint) => boolean
  readonly inspect: (hospital: SimulatedHospital, effect: Effect) => void
}

export type LifecycleChange = 'start' | 'kill' | 'rollback'

/**
 * Watches one world: a checker is made anew for each (see `CheckerFactory`). Every method may throw a `Violation`, and
 * none may change what it is given. Whether a hospital keeps to the protocol is `hospital.honest`.
 */
export interface Checker {
  readonly name: string
  /** number in secure-aggregation.md, "Invariants" */
  readonly invariant: number | null
  /** the world is built, nobody has started */
  begin?(world: WorldApi): void
  /** about to be carried out; earlier stores are durable. A liar's effects come here as it changed them. */
  effect?(hospital: SimulatedHospital, effect: Effect): void
  /** a job has ended and what it wrote is durable; `output` is about to be stepped */
  output?(hospital: SimulatedHospital, job: RoundJob, output: RoundOutput): void
  /** leaves `from`, whether or not it arrives */
  packet?(from: SimulatedHospital, to: SimulatedHospital, packet: Packet): void
  lifecycle?(hospital: SimulatedHospital, change: LifecycleChange): void
  /** a hospital counts a fault against the peer that sent it something */
  fault?(hospital: SimulatedHospital, from: SimulatedHospital, reason: string): void
  /** the world has come to its end */
  end?(world: WorldApi): void
}

export type CheckerFactory = () => Checker
