/**
 * Being reached through relays. Every connected peer that relays is one; each peer keeps a place at its first few of an
 * order that anybody can compute, so that others find it without being told.
 *
 * The order is rendezvous hashing (Thaler and Ravishankar, 1998): it spreads the peers over the relays, and a relay that
 * comes or goes moves only its own share.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { peerIdFromString } from '@libp2p/peer-id'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import type { Reservations } from './transports.ts'

/** Places that a peer keeps. */
const RELAY_PLACES = 3
/** Relays that are asked for a peer: more than RELAY_PLACES, since two peers may see different relays. */
const ASKED_MAX = 8
/** A relay that refused is asked again after this time, which doubles: it may be about to approve this node. */
const REFUSED_MS_MIN = 1000
const REFUSED_MS_MAX = 30_000

export class RelayClient {
  readonly #self: () => string
  readonly #reservations: () => Reservations
  readonly #failed: (relay: string, error: unknown) => void
  readonly #after: (ms: number, run: () => void) => void
  readonly #relays = new Set<string>()
  /** asked and not answered yet, or refused a moment ago */
  readonly #asked = new Set<string>()
  /** for those that refused: how long they are left alone the next time, ms */
  readonly #waits = new Map<string, number>()

  /** @param self our PeerId */
  constructor({
    self,
    reservations,
    failed,
    after,
  }: {
    self: () => string
    reservations: () => Reservations
    failed: (relay: string, error: unknown) => void
    after: (ms: number, run: () => void) => void
  }) {
    this.#self = self
    this.#reservations = reservations
    this.#failed = failed
    this.#after = after
  }

  /** A directly connected peer relays. */
  found(relay: string): void {
    this.#relays.add(relay)
    this.tend()
  }

  /** A peer is no longer connected directly. */
  lost(relay: string): void {
    this.#relays.delete(relay)
    this.#waits.delete(relay)
  }

  /** Relays that keep a place for us. */
  get places(): string[] {
    return [...this.#relays].filter(relay => this.#reservations().hasReservation(peerIdFromString(relay)))
  }

  /** Asks the first relays of our order for a place, where they keep none. */
  tend(): void {
    const store = this.#reservations()
    for (const relay of ranked([...this.#relays], this.#self()).slice(0, RELAY_PLACES)) {
      if (this.#asked.has(relay) || store.hasReservation(peerIdFromString(relay))) continue
      this.#asked.add(relay)
      store.addRelay(peerIdFromString(relay), 'configured').then(
        () => {
          this.#asked.delete(relay)
          this.#waits.delete(relay)
        },
        error => this.#refused(relay, error),
      )
    }
  }

  #refused(relay: string, error: unknown): void {
    this.#failed(relay, error)
    const wait = this.#waits.get(relay) ?? REFUSED_MS_MIN
    this.#waits.set(relay, Math.min(2 * wait, REFUSED_MS_MAX))
    this.#after(wait, () => {
      this.#asked.delete(relay)
      this.tend()
    })
  }

  /** Addresses of a peer through relays, the likeliest first. */
  toward(peer: string): Multiaddr[] {
    const relays = [...this.#relays].filter(relay => relay !== peer)
    return ranked(relays, peer)
      .slice(0, ASKED_MAX)
      .map(relay => multiaddr(`/p2p/${relay}/p2p-circuit/p2p/${peer}`))
  }
}

/** The relays in a peer's order. */
export function ranked(relays: readonly string[], peer: string): string[] {
  const weight = (relay: string) => createHash('sha256').update(`${relay}/${peer}`).digest('hex')
  return relays
    .map(relay => ({ relay, weight: weight(relay) }))
    .sort((a, b) => (a.weight < b.weight ? -1 : 1))
    .map(({ relay }) => relay)
}
