/**
 * How published messages spread. `direct`: to everybody that one is connected to, for worlds of a few hospitals. `mesh`:
 * gossipsub v1.2 with the degrees that node/network/libp2p-host.ts asks for; each passes on what it sees first and takes for good.
 *
 * @module
 */

import { sha256 } from '../../crypto/hash.ts'
import type { GossipApi, WorldApi } from './api.ts'
import type { SimulatedHospital } from './hospital.ts'

export interface Gossip extends GossipApi {
  /** a new process begins to take part */
  start(hospital: SimulatedHospital): void
  publish(hospital: SimulatedHospital, bytes: Uint8Array): void
  take(hospital: SimulatedHospital, from: SimulatedHospital, bytes: Uint8Array): void
  /** the other end says that it has the message with this id */
  dontWant(hospital: SimulatedHospital, from: SimulatedHospital, id: Uint8Array): void
}

export type GossipMode = 'direct' | 'mesh'

export function createGossip(world: WorldApi, mode: GossipMode): Gossip {
  return mode === 'direct' ? new DirectGossip(world) : new MeshGossip(world)
}

class DirectGossip implements Gossip {
  readonly #world: WorldApi

  constructor(world: WorldApi) {
    this.#world = world
  }

  start(): void {}

  publish(hospital: SimulatedHospital, bytes: Uint8Array): void {
    for (const other of this.#world.connections.of(hospital)) this.#world.push(hospital, other, bytes)
  }

  take(hospital: SimulatedHospital, from: SimulatedHospital, bytes: Uint8Array): void {
    this.#world.router.takeGossip(hospital, from, bytes)
  }

  dontWant(): void {}
}

/** As node/network/libp2p-host.ts asks gossipsub for: D, D_low, D_high; no lazy gossip, no flood publishing. */
const DEGREE = 3
const DEGREE_MIN = 2
const DEGREE_MAX = 4
const HEARTBEAT_MS = 700
/** gossipsub sends IDONTWANT for messages from this length on */
const DONT_WANT_BYTES_MIN = 512
/** What it takes to validate a message before it is passed on. */
const VALIDATE_MS = 1

class MeshGossip implements Gossip {
  readonly #world: WorldApi
  readonly #mesh: Set<SimulatedHospital>[]
  /** by hospital: ids that its mesh peers have told it that they have */
  readonly #unwanted: WeakMap<Uint8Array, Set<number>>[]
  readonly #ids = new WeakMap<Uint8Array, Uint8Array>()

  constructor(world: WorldApi) {
    this.#world = world
    this.#mesh = world.hospitals.map(() => new Set())
    this.#unwanted = world.hospitals.map(() => new WeakMap())
  }

  start(hospital: SimulatedHospital): void {
    this.#mesh[hospital.index]?.clear()
    this.#unwanted[hospital.index] = new WeakMap()
    this.#heartbeat(hospital)
  }

  publish(hospital: SimulatedHospital, bytes: Uint8Array): void {
    this.#tend(hospital)
    for (const other of this.#peers(hospital)) this.#world.push(hospital, other, bytes)
  }

  take(hospital: SimulatedHospital, from: SimulatedHospital, bytes: Uint8Array): void {
    const { first, good } = this.#world.router.takeGossip(hospital, from, bytes)
    if (!first) return
    if (bytes.length >= DONT_WANT_BYTES_MIN) {
      for (const other of this.#peers(hospital)) {
        if (other !== from) this.#world.network.send(hospital, other, { kind: 'dont-want', bytes: this.#idOf(bytes) })
      }
    }
    if (!good) return
    this.#world.later(hospital, VALIDATE_MS, () => {
      const unwanted = this.#unwanted[hospital.index]?.get(this.#idOf(bytes))
      for (const other of this.#peers(hospital)) {
        if (other !== from && !unwanted?.has(other.index)) this.#world.push(hospital, other, bytes)
      }
    })
  }

  dontWant(hospital: SimulatedHospital, from: SimulatedHospital, id: Uint8Array): void {
    const unwanted = this.#unwanted[hospital.index] as WeakMap<Uint8Array, Set<number>>
    const peers = unwanted.get(id) ?? new Set()
    unwanted.set(id, peers.add(from.index))
  }

  #idOf(bytes: Uint8Array): Uint8Array {
    const id = this.#ids.get(bytes) ?? sha256(bytes)
    this.#ids.set(bytes, id)
    return id
  }

  #peers(hospital: SimulatedHospital): Set<SimulatedHospital> {
    return this.#mesh[hospital.index] as Set<SimulatedHospital>
  }

  #heartbeat(hospital: SimulatedHospital): void {
    this.#tend(hospital)
    this.#world.later(hospital, HEARTBEAT_MS, () => this.#heartbeat(hospital))
  }

  /** Drops who is gone, grafts when there are too few, prunes when there are too many. */
  #tend(hospital: SimulatedHospital): void {
    const { connections, dice } = this.#world
    const mesh = this.#peers(hospital)
    for (const other of mesh) if (!connections.has(hospital, other)) this.#prune(hospital, other)
    if (mesh.size < DEGREE_MIN) {
      const free = connections.of(hospital).filter(other => !mesh.has(other) && connections.has(other, hospital))
      for (const other of dice.sample(free, DEGREE - mesh.size)) {
        mesh.add(other)
        this.#peers(other).add(hospital)
      }
    }
    if (mesh.size > DEGREE_MAX) {
      for (const other of dice.sample([...mesh], mesh.size - DEGREE)) this.#prune(hospital, other)
    }
  }

  #prune(hospital: SimulatedHospital, other: SimulatedHospital): void {
    this.#peers(hospital).delete(other)
    this.#peers(other).delete(hospital)
  }
}
