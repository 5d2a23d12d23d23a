/**
 * What a checker sees of a world, and how it says that something must never have happened. One invariant, one file.
 *
 * @module
 */

import type { RoundJob, RoundOutput } from '../../protocols/aggregation/jobs.ts'
import type { Effect } from '../../protocols/ports.ts'
import type { SimulatedHospital } from '../hospital.ts'
import type { Packet } from '../packet.ts'
import type { World } from '../world.ts'

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
  begin?(world: World): void
  /** about to be carried out; earlier stores are durable. A liar's effects come here as it changed them. */
  effect?(hospital: SimulatedHospital, effect: Effect): void
  /** a job has ended and what it wrote is durable; `output` is about to be stepped */
  output?(hospital: SimulatedHospital, job: RoundJob, output: RoundOutput): void
  /** leaves `from`, whether or not it arrives */
  packet?(from: SimulatedHospital, to: SimulatedHospital, packet: Packet): void
  lifecycle?(hospital: SimulatedHospital, change: LifecycleChange): void
  /** the world has come to its end */
  end?(world: World): void
}

export type CheckerFactory = () => Checker

/** Something happened that must never happen. */
export class Violation extends Error {
  /** number in secure-aggregation.md, "Invariants"; null for a crash of the code under test */
  readonly invariant: number | null
  /** index of the hospital in `world.hospitals` */
  hospital: number | null
  round: number | null
  /** virtual milliseconds; the world fills in what the checker left open */
  at: number | null

  constructor(
    invariant: number | null,
    what: string,
    where: { hospital?: number; round?: number; at?: number; cause?: unknown } = {},
  ) {
    super(what, where.cause === undefined ? undefined : { cause: where.cause })
    this.name = 'Violation'
    this.invariant = invariant
    this.hospital = where.hospital ?? null
    this.round = where.round ?? null
    this.at = where.at ?? null
  }
}
