/**
 * The signed list of a study's hospitals. Version 0 is in the study document. The protocols identify a peer by its rank
 * in the roster; on the wire it is identified by its raw PeerId.
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

/** The PeerId as text, in base58btc. */
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

/** Rank of a raw PeerId, or undefined for a peer outside the roster. */
export function memberOf(roster: Roster, id: Uint8Array): Member | undefined {
  return roster.ranks.get(peerString(id))
}
