/**
 * A packet network on directed edges: delays, loss, doubling, reordering, slow lines and cuts, all from one seed.
 *
 * Gossip may be lost, doubled or overtaken. Everything else travels on streams, as over TCP: what is lost is sent again
 * after a while, and only what is lost several times over, or meets a cut, never arrives.
 *
 * @module
 */

import type { Clock } from './clock.ts'
import type { SimulatedHospital } from './hospital.ts'
import { type Packet, sizeOf } from './packet.ts'
import type { Random } from './random.ts'
import { Traffic } from './traffic.ts'

/** After this many losses of one packet its stream is given up. */
const RETRANSMISSIONS_MAX = 4
const RETRANSMIT_MS = 200

export interface NetworkSettings {
  /** mean of what a packet takes; one takes between half and one and a half times as long */
  readonly delayMs: number
  /** shares of packets, in [0, 1) */
  readonly loss: number
  readonly duplication: number
  /** packets that are held back, so that later ones overtake them */
  readonly reordering: number
  readonly holdMsMax: number
}

export const CALM: NetworkSettings = { delayMs: 5, loss: 0, duplication: 0, reordering: 0, holdMsMax: 0 }

/** One hospital's own line. */
export interface Line {
  /** added to every packet from or to it */
  readonly delayMs: number
  /** of what it sends */
  readonly bitsPerSecond: number
}

export interface NetworkParts {
  readonly clock: Clock
  readonly random: Random
  /** sees what leaves, whether or not it arrives */
  readonly leaves: (from: SimulatedHospital, to: SimulatedHospital, packet: Packet) => void
  readonly arrives: (from: SimulatedHospital, to: SimulatedHospital, packet: Packet) => void
}

/** True for what is pushed and not answered for. */
function isGossip({ kind }: Packet): boolean {
  return kind === 'gossip' || kind === 'dont-want'
}

export class Network {
  readonly traffic = new Traffic()
  settings: NetworkSettings
  readonly #parts: NetworkParts
  /** `from * size + to` of edges on which nothing passes */
  readonly #cuts = new Set<number>()
  readonly #size: number
  readonly #lines = new Map<number, Line>()
  /** when a narrow line has sent what it was given */
  readonly #busyUntil = new Map<number, number>()

  constructor(size: number, settings: Partial<NetworkSettings>, parts: NetworkParts) {
    this.#size = size
    this.#parts = parts
    this.settings = { ...CALM, ...settings }
  }

  setLine(hospital: SimulatedHospital, line: Line): void {
    this.#lines.set(hospital.index, line)
  }

  /** Nothing passes from one to the other any more; the other direction stays as it is. */
  cut(from: SimulatedHospital, to: SimulatedHospital): void {
    this.#cuts.add(from.index * this.#size + to.index)
  }

  join(from: SimulatedHospital, to: SimulatedHospital): void {
    this.#cuts.delete(from.index * this.#size + to.index)
  }

  heal(): void {
    this.#cuts.clear()
  }

  isOpen(from: SimulatedHospital, to: SimulatedHospital): boolean {
    return from !== to && !this.#cuts.has(from.index * this.#size + to.index)
  }

  /** True when both directions are open. */
  isWhole(one: SimulatedHospital, other: SimulatedHospital): boolean {
    return this.isOpen(one, other) && this.isOpen(other, one)
  }

  /** Milliseconds that a packet takes from one to the other, drawn anew for each. */
  delay(from: SimulatedHospital, to: SimulatedHospital): number {
    const { delayMs } = this.settings
    const lines = (this.#lines.get(from.index)?.delayMs ?? 0) + (this.#lines.get(to.index)?.delayMs ?? 0)
    return (delayMs + lines) * (0.5 + this.#parts.random.unit())
  }

  send(from: SimulatedHospital, to: SimulatedHospital, packet: Packet): void {
    const size = sizeOf(packet)
    this.#parts.leaves(from, to, packet)
    this.traffic.count({ hospital: from.index, round: from.state.round, kind: packet.kind, bytes: size })
    if (!this.isOpen(from, to)) return
    const { random } = this.#parts
    const { loss, duplication, reordering, holdMsMax } = this.settings
    let delay = this.#queued(from, size) + this.delay(from, to)
    if (isGossip(packet)) {
      if (loss > 0 && random.chance(loss)) return
      if (reordering > 0 && random.chance(reordering)) delay += random.between(0, holdMsMax)
      if (duplication > 0 && random.chance(duplication)) this.#carry(from, to, packet, delay + this.delay(from, to))
    } else if (loss > 0) {
      for (let losses = 0; random.chance(loss); losses++) {
        if (losses === RETRANSMISSIONS_MAX) return
        delay += RETRANSMIT_MS * 2 ** losses
      }
    }
    this.#carry(from, to, packet, delay)
  }

  #carry(from: SimulatedHospital, to: SimulatedHospital, packet: Packet, delay: number): void {
    const { epoch } = to
    this.#parts.clock.after(delay, () => {
      // a connection ends with the process at its other end
      if (to.alive && to.epoch === epoch && this.isOpen(from, to)) this.#parts.arrives(from, to, packet)
    })
  }

  /** How long a packet waits and takes on its sender's own line. */
  #queued(from: SimulatedHospital, size: number): number {
    const line = this.#lines.get(from.index)
    if (line === undefined) return 0
    const { now } = this.#parts.clock
    const free = Math.max(now, this.#busyUntil.get(from.index) ?? 0) + (8000 * size) / line.bitsPerSecond
    this.#busyUntil.set(from.index, free)
    return free - now
  }
}
