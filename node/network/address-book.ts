/**
 * Addresses of the other hospitals. What a peer says of third parties is hearsay: it is kept apart and tried in turns
 * with the known addresses, so that no peer can make another one unreachable.
 *
 * @module
 */

import { ADDRESSES_PER_PEER_MAX } from './hello.ts'

/** The newest hearsay addresses of a peer; they are a fallback, so a few suffice. */
const HEARSAY_PER_PEER_MAX = 4

interface Entry {
  /** from the study, the config, mDNS, or the peer itself; the newest last */
  readonly known: Set<string>
  readonly hearsay: Set<string>
  attempts: number
}

/** Adds the newest address and drops the oldest when the set is full. */
function put(addresses: Set<string>, address: string, most: number): void {
  if (!addresses.delete(address) && addresses.size >= most) addresses.delete(addresses.values().next().value as string)
  addresses.add(address)
}

export class AddressBook {
  #entries: ReadonlyMap<string, Entry> = new Map()
  readonly #fits: (peer: string, address: string) => boolean
  /** addresses from the roster, which no peer can displace */
  #fixed: ReadonlyMap<string, readonly string[]> = new Map()

  /** @param fits whether an address can be dialled as that peer's */
  constructor(fits: (peer: string, address: string) => boolean) {
    this.#fits = fits
  }

  /** Switches to another roster, keeping the entries of those who stay. @param fixed each other's addresses */
  follow(fixed: ReadonlyMap<string, readonly string[]>): void {
    const fresh = (): Entry => ({ known: new Set(), hearsay: new Set(), attempts: 0 })
    this.#entries = new Map([...fixed.keys()].map(peer => [peer, this.#entries.get(peer) ?? fresh()]))
    this.#fixed = fixed
  }

  /** The other hospitals. */
  get peers(): string[] {
    return [...this.#entries.keys()]
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

  /** Addresses to try next: every other time hearsay, where there is any. */
  next(peer: string): string[] {
    const entry = this.#entries.get(peer)
    if (entry === undefined) return []
    const known = [...(this.#fixed.get(peer) ?? []), ...entry.known]
    const turn = known.length === 0 || entry.attempts % 2 === 1
    entry.attempts += 1
    return turn && entry.hearsay.size > 0 ? [...entry.hearsay] : known
  }

  /** Whether there is an address to try. */
  knows(peer: string): boolean {
    const entry = this.#entries.get(peer)
    return (this.#fixed.get(peer)?.length ?? 0) + (entry?.known.size ?? 0) + (entry?.hearsay.size ?? 0) > 0
  }

  /** Addresses of a peer that we tell others: never hearsay. */
  told(peer: string): string[] {
    const known = [...(this.#fixed.get(peer) ?? []), ...(this.#entries.get(peer)?.known ?? [])]
    return known.slice(-ADDRESSES_PER_PEER_MAX)
  }
}
