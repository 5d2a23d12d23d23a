/**
 * The signed list of a study's hospitals. Version 0 stands in the study document; a peer is named by its rank in it
 * everywhere inside the protocols, and by its raw PeerId on the wire.
 *
 * @module
 */

import { toString as bytesToString } from 'uint8arrays/to-string'
import { ProtocolError } from '../errors.ts'

/** A hospital's rank in the roster, ascending by raw PeerId bytes. */
export type Member = number

/** The rank of a peer that the roster does not name. */
export const OUTSIDE: Member = -1

export interface Hospital {
  /** raw PeerId bytes */
  readonly id: Uint8Array
  readonly name: string
  readonly addresses: readonly string[]
}

export interface Roster {
  readonly version: number
  readonly hospitals: readonly Hospital[]
  /** base58btc PeerId of each member */
  readonly peers: readonly string[]
  readonly ranks: ReadonlyMap<string, Member>
}

/** The PeerId as people write it. */
export function peerString(id: Uint8Array): string {
  return bytesToString(id, 'base58btc')
}

/** Builds a roster. @throws ProtocolError `roster-not-sorted` unless ids ascend strictly */
export function createRoster(hospitals: readonly Hospital[], version = 0): Roster {
  for (let rank = 1; rank < hospitals.length; rank++) {
    if (Buffer.compare(hospitals[rank - 1]!.id, hospitals[rank]!.id) >= 0) {
      throw new ProtocolError('roster-not-sorted', 'roster ids must ascend strictly')
    }
  }
  const peers = hospitals.map(hospital => peerString(hospital.id))
  return { version, hospitals, peers, ranks: new Map(peers.map((peer, rank) => [peer, rank])) }
}

/** Rank of a raw PeerId, or undefined for a stranger. */
export function memberOf(roster: Roster, id: Uint8Array): Member | undefined {
  return roster.ranks.get(peerString(id))
}
