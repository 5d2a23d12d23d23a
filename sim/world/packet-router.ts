/**
 * Where packets come in at a simulated hospital: each to the part that it is for; envelopes are opened, and what is
 * refused changes nothing.
 *
 * @module
 */

import { ProtocolError } from '../../protocols/errors.ts'
import { admissionOf, refusalOf } from '../../protocols/exchange/admission.ts'
import { type Message, openMessage } from '../../protocols/messages/messages.ts'
import type { PacketRouterApi, WorldApi } from './api.ts'
import { contextOf, rosterOf, type SimulatedHospital } from './hospital.ts'
import type { Packet } from './packet.ts'

export class PacketRouter implements PacketRouterApi {
  readonly #world: WorldApi
  /** every message is opened once, for each version of the roster */
  readonly #opened = new Map<number, WeakMap<Uint8Array, Message>>()

  constructor(world: WorldApi) {
    this.#world = world
  }

  arrive(from: SimulatedHospital, to: SimulatedHospital, packet: Packet): void {
    if (this.#world.adversaryOf(to)?.packet?.(from, packet, this.#world.effectRunner.ioOf(to)) === false) return
    try {
      this.#deliver(from, to, packet)
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      this.refuse(to, from, error)
    }
  }

  /** Counts what a peer sent against it, if no honest peer sends it. */
  refuse(hospital: SimulatedHospital, from: SimulatedHospital, error: ProtocolError): void {
    if (refusalOf(error) === 'reject') this.#world.fault(hospital, from, `${error.code}: ${error.message}`)
  }

  #deliver(from: SimulatedHospital, to: SimulatedHospital, packet: Packet): void {
    // one that was removed is cut off at once: its connections are closed, and no new one is accepted
    if (!rosterOf(to).ranks.has(from.peer)) return
    const { connections, gossip, antiEntropy, transfer } = this.#world
    switch (packet.kind) {
      case 'hello':
        return connections.take(to, from, packet)
      case 'gossip':
        return gossip.take(to, from, packet.bytes)
      case 'dont-want':
        return gossip.dontWant(to, from, packet.bytes)
      case 'summary':
      case 'fill':
      case 'push':
        return antiEntropy.take(to, from, packet)
      default:
        return transfer.take(to, from, packet)
    }
  }

  /** Opens an envelope. @throws ProtocolError */
  open(hospital: SimulatedHospital, bytes: Uint8Array): Message {
    const { version } = rosterOf(hospital)
    let opened = this.#opened.get(version)
    if (opened === undefined) {
      opened = new WeakMap()
      this.#opened.set(version, opened)
    }
    let message = opened.get(bytes)
    if (message === undefined) {
      message = openMessage(bytes, contextOf(hospital))
      opened.set(bytes, message)
    }
    return message
  }

  /** Opens an envelope, or gives nothing when it is refused. */
  tryOpen(hospital: SimulatedHospital, bytes: Uint8Array): Message | undefined {
    try {
      return this.open(hospital, bytes)
    } catch (error) {
      if (error instanceof ProtocolError) return undefined
      throw error
    }
  }

  /** Takes in an envelope, however it came. @returns false when it is refused, or of another round */
  take(hospital: SimulatedHospital, from: SimulatedHospital, bytes: Uint8Array): boolean {
    return this.#take(hospital, from, () => this.open(hospital, bytes))
  }

  /** Takes in a gossip message, unless this process has seen it before. */
  takeGossip(
    hospital: SimulatedHospital,
    from: SimulatedHospital,
    bytes: Uint8Array,
  ): { first: boolean; good: boolean } {
    let first = false
    const good = this.#take(hospital, from, () => {
      const message = this.open(hospital, bytes)
      first = !hospital.seen.has(message)
      hospital.seen.add(message)
      return first ? message : undefined
    })
    return { first, good }
  }

  #take(hospital: SimulatedHospital, from: SimulatedHospital, open: () => Message | undefined): boolean {
    if (!hospital.alive) return false
    try {
      const message = open()
      if (message === undefined) return false
      const { taken, behind } = admissionOf(message.body.round, hospital.state.round)
      if (behind) this.#world.antiEntropy.catchUp(hospital, message.from)
      if (!taken) return false
      // the honest machine inside a liar must not take its script's words for what its own disk has lost
      const ownLie = !hospital.honest && message.from === contextOf(hospital).self
      if (!ownLie) this.#world.step(hospital, { type: 'received', message })
      return true
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      this.refuse(hospital, from, error)
      return false
    }
  }
}
