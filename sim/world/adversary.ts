/**
 * A script that plays one hospital against the others. The honest machine runs inside; the script sees what it is about
 * to do and may do something else instead. It holds its own hospital's key and no other.
 *
 * @module
 */

import type { Body } from '../../protocols/messages/messages.ts'
import type { Effect, Wanted } from '../../protocols/round/effects.ts'
import type { RoundJob, RoundOutput } from '../../protocols/secure-sum/jobs.ts'
import type { SimulatedHospital } from './hospital.ts'
import type { Packet } from './packet.ts'
import type { Random } from './random.ts'

/** What a script can do in the world. */
export interface AdversaryIo {
  /** virtual milliseconds */
  readonly now: number
  readonly random: Random
  readonly hospital: SimulatedHospital
  /** all hospitals, by index; a script may look at their index and peer, and should not look into their minds */
  readonly hospitals: readonly SimulatedHospital[]
  /** signs a body as its hospital: an envelope */
  sign(body: Body): Uint8Array
  /** one gossip message to one hospital and no other */
  send(to: SimulatedHospital, bytes: Uint8Array): void
  /** any packet at all */
  transmit(to: SimulatedHospital, packet: Packet): void
  /** one gossip message to all, as the honest machine would publish it */
  publish(bytes: Uint8Array): void
  /** runs later, unless the hospital is killed before */
  after(delayMs: number, run: () => void): void
}

/** Made anew for each world. What is left out stays honest. */
export interface Adversary {
  readonly name: string
  /** the effects to carry out in place of this one: none, others, or itself */
  intercept?(effect: Effect, io: AdversaryIo): readonly Effect[]
  /** what a job of its own is said to have given */
  output?(job: RoundJob, output: RoundOutput, io: AdversaryIo): RoundOutput
  /** the answer to a pull: undefined leaves the honest answer as it is, null denies having it */
  serve?(wanted: Wanted, from: SimulatedHospital, io: AdversaryIo): Uint8Array | null | undefined
  /** false swallows what has arrived */
  packet?(from: SimulatedHospital, packet: Packet, io: AdversaryIo): boolean
}

export type AdversaryFactory = (random: Random) => Adversary
