/**
 * Addresses of peers that the config, mDNS and earlier runs told of. libp2p tells each peer once, and one that its store
 * knows from an earlier run never again, so that a study which begins later has to ask here.
 *
 * @module
 */

import { ADDRESSES_PER_PEER_MAX } from './hello.ts'

/** The oldest is forgotten first. */
const PEERS_MAX = 512

export class FoundAddresses {
  readonly #peers = new Map<string, readonly string[]>()

  add(peer: string, addresses: readonly string[]): void {
    const known = this.#peers.get(peer) ?? []
    this.#peers.delete(peer)
    this.#peers.set(peer, [...new Set([...known, ...addresses])].slice(-ADDRESSES_PER_PEER_MAX))
    if (this.#peers.size > PEERS_MAX) this.#peers.delete(this.#peers.keys().next().value as string)
  }

  /** @param addresses that end in a peer's id; others are passed over */
  addNamed(addresses: readonly string[]): void {
    for (const address of addresses) {
      const at = address.lastIndexOf('/p2p/')
      if (at >= 0) this.add(address.slice(at + '/p2p/'.length), [address])
    }
  }

  get all(): ReadonlyMap<string, readonly string[]> {
    return this.#peers
  }
}
