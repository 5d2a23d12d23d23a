/** Bytes that left each hospital, by round and kind of packet, before encryption. @module */

import type { PacketKind } from './packet.ts'

export interface Sent {
  packets: number
  bytes: number
}

export class Traffic {
  readonly #rows = new Map<number, Map<number, Map<PacketKind, Sent>>>()

  count({ hospital, round, kind, bytes }: { hospital: number; round: number; kind: PacketKind; bytes: number }): void {
    let rounds = this.#rows.get(hospital)
    if (rounds === undefined) {
      rounds = new Map()
      this.#rows.set(hospital, rounds)
    }
    let kinds = rounds.get(round)
    if (kinds === undefined) {
      kinds = new Map()
      rounds.set(round, kinds)
    }
    const sent = kinds.get(kind) ?? { packets: 0, bytes: 0 }
    sent.packets += 1
    sent.bytes += bytes
    kinds.set(kind, sent)
  }

  /** What a hospital has sent in a round, by kind. */
  of(hospital: number, round: number): ReadonlyMap<PacketKind, Sent> {
    return this.#rows.get(hospital)?.get(round) ?? new Map()
  }

  /** Sums over everything that the filter lets through. */
  total(filter: { hospital?: number; round?: number; kind?: PacketKind } = {}): Sent {
    const total = { packets: 0, bytes: 0 }
    for (const [hospital, rounds] of this.#rows) {
      if (filter.hospital !== undefined && filter.hospital !== hospital) continue
      for (const [round, kinds] of rounds) {
        if (filter.round !== undefined && filter.round !== round) continue
        for (const [kind, { packets, bytes }] of kinds) {
          if (filter.kind !== undefined && filter.kind !== kind) continue
          total.packets += packets
          total.bytes += bytes
        }
      }
    }
    return total
  }
}
