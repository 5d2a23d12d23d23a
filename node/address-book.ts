/**
 * Where the other hospitals are said to be. What a peer says of others is hearsay: it has places of its own and is
 * tried in turns, so that nobody can make another unreachable.
 *
 * @module
 */

import { ADDRESSES_PER_PEER_MAX } from './hello.ts'

/** Hearsay is for when nothing else works: a few, the newest. */
const HEARSAY_PER_PEER_MAX = 4

interface Entry {
  /** from the study, the config, mDNS, or the peer itself; the newest last */
  readonly known: Set<string>
  readonly hearsay: Set<string>
  attempts: number
}

/** Adds the newest, making place by dropping the oldest. */
function put(addresses: Set<string>, address: string, most: number): void {
  if (!addresses.delete(address) && addresses.size >= most) addresses.delete(addresses.values().next().value as string)
  addresses.add(address)
}

export class AddressBook {
  readonly #entries: ReadonlyMap<string, Entry>
  readonly #fits: (peer: string, address: string) => boolean
  /** what the study says, which nobody can displace */
  readonly #fixed: ReadonlyMap<string, readonly string[]>

  /** @param fits whether an address can be dialled as that peer's */
  constructor(
    peers: readonly string[],
    fixed: ReadonlyMap<string, readonly string[]>,
    fits: (peer: string, address: string) => boolean,
  ) {
    this.#entries = new Map(peers.map(peer => [peer, { known: new Set(), hearsay: new Set(), attempts: 0 }]))
    this.#fixed = fixed
    this.#fits = fits
  }

  has(peer: string): boolean {
    return this.#entries.has(peer)
  }

  /** @param hearsay said by a third peer */
  learn(peer: string, found: readonly string[], { hearsay = false } = {}): void {
    const entry = this.#entries.get(peer)
    if (entry === undefined) return
    for (const address of found.slice(0, ADDRESSES_PER_PEER_MAX)) {
      if (!this.#fits(peer, address) || this.#fixed.get(peer)?.includes(address)) continue
      if (!hearsay) put(entry.known, address, ADDRESSES_PER_PEER_MAX)
      else if (!entry.known.has(address)) put(entry.hearsay, address, HEARSAY_PER_PEER_MAX)
    }
  }

  /** Where to try next: every other time hearsay, where there is any. */
  next(peer: string): string[] {
    const entry = this.#entries.get(peer)
    if (entry === undefined) return []
    const known = [...(this.#fixed.get(peer) ?? []), ...entry.known]
    const turn = known.length === 0 || entry.attempts % 2 === 1
    entry.attempts += 1
    return turn && entry.hearsay.size > 0 ? [...entry.hearsay] : known
  }

  /** What we tell others of a peer: only what is not hearsay. */
  told(peer: string): string[] {
    const known = [...(this.#fixed.get(peer) ?? []), ...(this.#entries.get(peer)?.known ?? [])]
    return known.slice(-ADDRESSES_PER_PEER_MAX)
  }
}
