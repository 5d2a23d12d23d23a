/** What went wrong with the dials of each peer, by address, for the operator. @module */

import { dialErrorText } from './dial-error.ts'

const ADDRESSES_MAX = 16
const PEERS_MAX = 512

/** Stands for a place at a peer's relay, where no address of that peer failed: it keeps none for us. */
export const OWN_PLACE = '/p2p-circuit'

/** A dial that failed and has not succeeded since. */
export interface DialFailure {
  /** without the peer's id */
  readonly address: string
  /** one sentence */
  readonly text: string
  /** ms since 1970 */
  readonly at: number
}

export class DialFailures {
  readonly #peers = new Map<string, Map<string, DialFailure>>()
  readonly #time: () => number

  /** @param time ms since 1970 */
  constructor(time: () => number) {
    this.#time = time
  }

  /** @param address as it was dialled */
  failed(peer: string, address: string, error: unknown): void {
    const known = this.#peers.get(peer) ?? new Map<string, DialFailure>()
    const bare = withoutPeer(address, peer)
    known.delete(bare)
    known.set(bare, { address: bare, text: dialErrorText(error), at: this.#time() })
    dropOldest(known, ADDRESSES_MAX)
    this.#peers.delete(peer)
    this.#peers.set(peer, known)
    dropOldest(this.#peers, PEERS_MAX)
  }

  /** The address works. */
  reached(peer: string, address: string): void {
    this.#peers.get(peer)?.delete(withoutPeer(address, peer))
  }

  /** The last failure of each address, the newest last. */
  of(peer: string): DialFailure[] {
    return [...(this.#peers.get(peer)?.values() ?? [])]
  }
}

function dropOldest<Value>(map: Map<string, Value>, most: number): void {
  if (map.size > most) map.delete(map.keys().next().value as string)
}

function withoutPeer(address: string, peer: string): string {
  const end = `/p2p/${peer}`
  return address.endsWith(end) && address.length > end.length ? address.slice(0, -end.length) : address
}
