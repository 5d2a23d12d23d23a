/**
 * The worst schedule for an agreement: in the first views some hospitals get the proposal too late, and only one of the
 * others receives a quorum of prevotes. It is locked, and no other hospital knows.
 *
 * @module
 */

import { is, type Message } from '../../protocols/messages/messages.ts'
import { decodeFill } from '../../protocols/sync/anti-entropy.ts'
import type { SimulatedHospital } from '../world/hospital.ts'
import type { Packet } from '../world/packet.ts'
import type { World } from '../world/world.ts'
import { boundMs, type Scenario, startAll } from './scenario.ts'
import { drawStudy } from './study.ts'

/** Longer than the timeouts for a proposal and its votes. */
const HELD_MS = 15_000

/** Decides which messages a line holds back until they are useless. */
class VoteHolder {
  readonly #world: World
  readonly #views: number
  readonly #offset: number
  /** when a view's proposal was first seen */
  readonly #began = new Map<string, number>()

  constructor(world: World, { views, offset }: { views: number; offset: number }) {
    this.#world = world
    this.#views = views
    this.#offset = offset
  }

  passes(from: SimulatedHospital, to: SimulatedHospital, packet: Packet): boolean {
    const held = (bytes: Uint8Array) => this.#holds(this.#world.router.tryOpen(from, bytes), to)
    if (packet.kind === 'gossip') return !held(packet.bytes)
    if (packet.kind !== 'fill' && packet.kind !== 'push') return true
    return !decodeFill(packet.bytes).messages.some(held)
  }

  #holds(message: Message | undefined, to: SimulatedHospital): boolean {
    if (message === undefined || !(is(message, 'propose') || is(message, 'prevote'))) return false
    const { type, instance, round, view, value } = message.body
    if (view >= this.#views) return false
    const key = `${instance}/${round}/${view}`
    const began = this.#began.get(key) ?? this.#world.now
    this.#began.set(key, began)
    if (this.#world.now - began > HELD_MS) return false
    const { hospitals } = this.#world
    const { quorum } = to.context
    // the order rotates with the view: the one that locks, those who vote with it, those without the proposal
    const place = (index: number) => (index + this.#offset + 3 * view + round) % hospitals.length
    if (type === 'propose') return place(to.index) >= quorum
    // two votes fewer than the others need to lock too
    const spared = hospitals.length - quorum + 1
    return value !== null && place(to.index) !== 0 && place(message.from) < spared && message.from !== to.index
  }
}

export const VOTES: Scenario = {
  name: 'votes',
  summary: 'in the first views one hospital alone counts a quorum: it locks, and nobody else knows',
  plan: random => {
    const study = drawStudy(random, { hospitalsMin: 4, hospitalsMax: 7, roundsMax: 3 })
    const views = random.whole(1, 4)
    const offset = random.below(study.hospitals)
    return {
      study,
      network: { delayMs: random.between(1, 50) },
      withinMs: 2 * boundMs(study),
      begin: (world, dice) => {
        const holder = new VoteHolder(world, { views, offset })
        world.passes = (from, to, packet) => holder.passes(from, to, packet)
        startAll(world, dice)
      },
    }
  },
}
