/**
 * Who is connected to whom, as each end sees it: a hello round trip makes a connection, a dead process or a cut line
 * ends it, the latter only after some seconds of silence, at both ends, even if only one direction is cut.
 *
 * @module
 */

import type { ConnectionsApi, WorldApi } from './api.ts'
import { rosterOf, type SimulatedHospital } from './hospital.ts'
import type { Packet } from './packet.ts'

const DIAL_INTERVAL_MS = 1000
/** A line that carries nothing is given up after between one and three times as long. */
const SILENCE_MS = 2000

export class Connections implements ConnectionsApi {
  readonly #world: WorldApi
  /** at `one * size + other`: the epoch of the other that the one is connected to, plus 1; 0 is nobody */
  readonly #epochs: Int32Array
  readonly #size: number

  constructor(world: WorldApi, size: number) {
    this.#world = world
    this.#size = size
    this.#epochs = new Int32Array(size * size)
  }

  has(one: SimulatedHospital, other: SimulatedHospital): boolean {
    return this.#epochs[one.index * this.#size + other.index] !== 0
  }

  /** The hospitals of its roster that one believes to be connected to, by index. */
  of(hospital: SimulatedHospital): SimulatedHospital[] {
    return this.#world.hospitals.filter(other => this.has(hospital, other) && this.#admits(hospital, other))
  }

  start(hospital: SimulatedHospital): void {
    for (const other of this.#world.hospitals) {
      if (other === hospital || this.has(hospital, other) || !this.#admits(hospital, other)) continue
      this.#world.network.send(hospital, other, { kind: 'hello', answer: false, epoch: hospital.epoch })
    }
    this.#world.later(hospital, DIAL_INTERVAL_MS, () => this.start(hospital))
  }

  /** The hospital's process is gone: its own connections at once, the others' when they hear of it. */
  stop(hospital: SimulatedHospital): void {
    const { network } = this.#world
    const gone = hospital.epoch + 1
    for (const other of this.#world.hospitals) {
      this.#epochs[hospital.index * this.#size + other.index] = 0
      const at = other.index * this.#size + hospital.index
      if (this.#epochs[at] !== gone) continue
      const delay = network.isOpen(hospital, other) ? network.delay(hospital, other) : this.#silence()
      this.#world.later(other, delay, () => {
        if (this.#epochs[at] === gone) this.#lose(other, hospital)
      })
    }
  }

  /** An edge was cut: unless it is mended before that is noticed, both ends lose each other. */
  watch(one: SimulatedHospital, other: SimulatedHospital): void {
    for (const [from, to] of [
      [one, other],
      [other, one],
    ] as const) {
      const epoch = this.#epochs[from.index * this.#size + to.index]
      if (epoch === 0) continue
      this.#world.later(from, this.#silence(), () => {
        const still = this.#epochs[from.index * this.#size + to.index] === epoch
        if (still && !this.#world.network.isWhole(from, to)) this.#lose(from, to)
      })
    }
  }

  take(hospital: SimulatedHospital, from: SimulatedHospital, packet: Extract<Packet, { kind: 'hello' }>): void {
    // before a hello both ends have shaken hands, and that takes both directions
    if (!this.#admits(hospital, from) || !this.#world.network.isWhole(hospital, from)) return
    this.#greet(hospital, from, packet.epoch)
    if (!packet.answer) {
      this.#world.network.send(hospital, from, { kind: 'hello', answer: true, epoch: hospital.epoch })
    }
  }

  #admits(hospital: SimulatedHospital, other: SimulatedHospital): boolean {
    return rosterOf(hospital).ranks.has(other.peer)
  }

  #greet(hospital: SimulatedHospital, other: SimulatedHospital, epoch: number): void {
    const at = hospital.index * this.#size + other.index
    if (this.#epochs[at] === epoch + 1) return
    // the last words of a process that is gone make no connection
    if (!other.alive || other.epoch !== epoch) return
    if (this.#epochs[at] !== 0) this.#lose(hospital, other)
    this.#epochs[at] = epoch + 1
    this.#world.tell(hospital, `is connected to ${other.index}`)
    this.#world.stepMember(hospital, 'connected', other)
    this.#world.antiEntropy.compare(hospital, other)
  }

  #lose(hospital: SimulatedHospital, other: SimulatedHospital): void {
    this.#epochs[hospital.index * this.#size + other.index] = 0
    this.#world.tell(hospital, `has lost ${other.index}`)
    this.#world.stepMember(hospital, 'disconnected', other)
    this.#world.transfer.lost(hospital, other)
  }

  #silence(): number {
    return SILENCE_MS * (1 + 2 * this.#world.random())
  }
}
