/**
 * Anti-entropy between simulated hospitals: the exchanges of node/network/anti-entropy.ts as packets.
 *
 * @module
 */

import { BEHIND_PATIENCE_MS, openRelayed } from '../../protocols/exchange/admission.ts'
import { checkSummary, pushAfter, summaryOf } from '../../protocols/exchange/comparison.ts'
import { type Member, OUTSIDE } from '../../protocols/roster/roster.ts'
import {
  answer,
  decodeFill,
  decodeSummary,
  encodeSync,
  type Fill,
  type Summary,
} from '../../protocols/sync/anti-entropy.ts'
import { SYNC_INTERVAL_MS, SYNC_LINKS_MAX, SYNC_PEERS } from '../../protocols/sync/limits.ts'
import { decodeLink, encodeLink, type Link } from '../../protocols/transcript/link.ts'
import type { AntiEntropyApi, WorldApi } from './api.ts'
import type { SimulatedHospital } from './hospital.ts'
import type { Packet } from './packet.ts'

/** How long a comparison may take before another one with the same peer begins. */
const COMPARE_TIMEOUT_MS = 10_000

type SyncPacket = Extract<Packet, { kind: 'summary' | 'fill' | 'push' }>

/** A summary that is not answered yet. */
interface Asked {
  readonly hospital: SimulatedHospital
  readonly other: SimulatedHospital
  readonly epoch: number
  readonly round: number
  readonly recall: boolean
}

export class AntiEntropy implements AntiEntropyApi {
  readonly #world: WorldApi
  readonly #asked = new Map<number, Asked>()
  /** comparisons under way, by asker and asked */
  readonly #running = new Map<string, { readonly ticket: number; readonly until: number }>()
  #tickets = 0
  // what was made here need not be read again: bytes to what they say
  readonly #summaries = new WeakMap<Uint8Array, Summary>()
  readonly #fills = new WeakMap<Uint8Array, Fill>()
  readonly #links = new WeakMap<Uint8Array, Link>()
  readonly #encodedLinks = new WeakMap<Link, Uint8Array>()

  constructor(world: WorldApi) {
    this.#world = world
  }

  start(hospital: SimulatedHospital): void {
    this.#world.later(hospital, SYNC_INTERVAL_MS * this.#world.random(), () => this.#tick(hospital))
  }

  /** Compares with one peer now, unless that is under way. */
  compare(hospital: SimulatedHospital, other: SimulatedHospital): void {
    const key = `${hospital.index}/${other.index}`
    const before = this.#running.get(key)
    const busy = before !== undefined && before.until > this.#world.now
    if (!hospital.alive || (busy && this.#asked.get(before.ticket)?.epoch === hospital.epoch)) return
    if (before !== undefined) this.#asked.delete(before.ticket)
    const ticket = this.#ask(hospital, other, { recall: false })
    this.#running.set(key, { ticket, until: this.#world.now + COMPARE_TIMEOUT_MS })
  }

  /** Asks a peer what it holds from us. */
  recall(hospital: SimulatedHospital, from: Member): void {
    const other = this.#world.hospitalAt(hospital, from)
    if (other !== undefined) this.#ask(hospital, other, { recall: true })
  }

  /** A message of a round that is still to come: whoever sent it can tell us what we lack. */
  catchUp(hospital: SimulatedHospital, from: Member): void {
    const { round } = hospital.state
    this.#world.later(hospital, BEHIND_PATIENCE_MS, () => {
      const other = this.#world.hospitalAt(hospital, from)
      if (hospital.state.round === round && other !== undefined) this.compare(hospital, other)
    })
  }

  take(hospital: SimulatedHospital, from: SimulatedHospital, packet: SyncPacket): void {
    if (packet.kind === 'summary') this.#answer(hospital, from, packet)
    else if (packet.kind === 'fill') this.#fill(hospital, from, packet)
    else this.#takeAll(hospital, from, this.#readFill(packet.bytes))
  }

  #tick(hospital: SimulatedHospital): void {
    this.#world.later(hospital, SYNC_INTERVAL_MS, () => this.#tick(hospital))
    const others = this.#world.dice.sample(this.#world.connections.of(hospital), SYNC_PEERS)
    for (const other of others) this.compare(hospital, other)
  }

  #ask(hospital: SimulatedHospital, other: SimulatedHospital, { recall }: { recall: boolean }): number {
    const { state, context, epoch } = hospital
    const ticket = this.#tickets++
    const summary = summaryOf(state, { study: context.study, recall })
    const bytes = encodeSync(summary)
    this.#summaries.set(bytes, summary)
    this.#asked.set(ticket, { hospital, other, epoch, round: summary.round, recall })
    this.#world.network.send(hospital, other, { kind: 'summary', bytes, ticket })
    return ticket
  }

  #answer(hospital: SimulatedHospital, from: SimulatedHospital, { bytes, ticket }: SyncPacket): void {
    const summary = this.#summaries.get(bytes) ?? decodeSummary(bytes)
    checkSummary(summary, hospital.context.study)
    const linksFrom = (round: number) =>
      hospital.disk.linksFrom(round, SYNC_LINKS_MAX).map(link => this.#encodeLink(link))
    const fill = answer(hospital.state, summary, { from: this.#world.rankOf(hospital, from) ?? OUTSIDE, linksFrom })
    this.#world.network.send(hospital, from, { kind: 'fill', bytes: this.#writeFill(fill), ticket })
  }

  #fill(hospital: SimulatedHospital, from: SimulatedHospital, { bytes, ticket }: SyncPacket): void {
    const asked = this.#asked.get(ticket)
    if (asked?.hospital !== hospital || asked.other !== from || asked.epoch !== hospital.epoch) return
    this.#asked.delete(ticket)
    const fill = this.#readFill(bytes)
    if (asked.recall) return this.#recalled(hospital, from, fill)
    this.#running.delete(`${hospital.index}/${from.index}`)
    this.#takeAll(hospital, from, fill)
    const member = this.#world.rankOf(hospital, from)
    if ((fill.links.length > 0 || hospital.state.awaited?.partial) && member !== undefined) {
      const links = fill.links.map(link => this.#decodeLink(link))
      this.#world.step(hospital, { type: 'links', links, from: member, senderRound: fill.round })
    }
    const push = hospital.alive ? pushAfter(hospital.state, fill, asked) : undefined
    if (push === undefined) return
    this.#world.network.send(hospital, from, { kind: 'push', bytes: this.#writeFill(push), ticket })
  }

  #recalled(hospital: SimulatedHospital, from: SimulatedHospital, fill: Fill): void {
    const member = this.#world.rankOf(hospital, from)
    if (member === undefined) return
    const { messages, fault } = openRelayed(fill.messages, bytes => this.#world.router.open(hospital, bytes))
    if (fault !== null) return this.#world.router.refuse(hospital, from, fault)
    this.#world.step(hospital, { type: 'recalled', from: member, round: fill.round, messages })
  }

  #takeAll(hospital: SimulatedHospital, from: SimulatedHospital, { messages }: Fill): void {
    const { router } = this.#world
    const { messages: opened, fault } = openRelayed(messages, bytes => router.open(hospital, bytes))
    for (const { bytes } of opened) router.take(hospital, from, bytes)
    if (fault !== null) router.refuse(hospital, from, fault)
  }

  #writeFill(fill: Fill): Uint8Array {
    const bytes = encodeSync(fill)
    this.#fills.set(bytes, fill)
    return bytes
  }

  #readFill(bytes: Uint8Array): Fill {
    return this.#fills.get(bytes) ?? decodeFill(bytes)
  }

  #encodeLink(link: Link): Uint8Array {
    const bytes = this.#encodedLinks.get(link) ?? encodeLink(link)
    this.#encodedLinks.set(link, bytes)
    this.#links.set(bytes, link)
    return bytes
  }

  #decodeLink(bytes: Uint8Array): Link {
    return this.#links.get(bytes) ?? decodeLink(bytes)
  }
}
