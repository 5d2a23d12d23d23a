/**
 * Inbound connections that are not authenticated yet. Anyone can open them and stay silent, so they have few places, and
 * who comes newly takes that of the oldest: a stranger that holds many loses them one by one, and an honest peer, whose
 * handshake takes a moment, gets through. One network has a quarter of the places at most, and half of all are kept for
 * addresses that authenticated connections have come from, or gone to.
 *
 * @module
 */

import type { MultiaddrConnection } from '@libp2p/interface'
import { HANDSHAKES_MAX, HANDSHAKES_PER_NETWORK_MAX } from './limits.ts'

/** Addresses that are remembered; the oldest is forgotten first. */
const KNOWN_MAX = 1024
const IPV6_NETWORK_GROUPS = 4

interface Pending {
  readonly host: string
  readonly network: string
}

/** The network of an address: the /24 of IPv4, the /64 of IPv6, else the address itself. */
export function networkOf(host: string): string {
  if (/^\d+\.\d+\.\d+\.\d+$/.test(host)) return host.slice(0, host.lastIndexOf('.'))
  if (!host.includes(':')) return host
  const [head, tail] = host.toLowerCase().split('::') as [string, string?]
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length)
  const groups = [...before, ...new Array<string>(zeros).fill('0'), ...after]
  return groups.slice(0, IPV6_NETWORK_GROUPS).join(':')
}

/** The address without its port. */
function hostOf(connection: Pick<MultiaddrConnection, 'remoteAddr'>): string {
  return connection.remoteAddr.getComponents()[0]?.value ?? ''
}

export class Handshakes {
  /** the oldest first */
  readonly #underWay = new Map<MultiaddrConnection, Pending>()
  readonly #known = new Set<string>()

  /** Takes a place, from the oldest handshake where none is left. @returns false when the connection has ended already */
  begin(connection: MultiaddrConnection): boolean {
    // a busy node accepts what its dialer gave up: nothing would tell us of its end, and its place would stay taken
    if (connection.status !== 'open') return false
    const host = hostOf(connection)
    const network = networkOf(host)
    this.#makeRoom(({ network: other }) => other === network, HANDSHAKES_PER_NETWORK_MAX)
    if (!this.#known.has(host)) this.#makeRoom(pending => !this.#isKnown(pending), HANDSHAKES_MAX / 2)
    else if (!this.#makeRoom(pending => !this.#isKnown(pending), Infinity, HANDSHAKES_MAX)) {
      this.#makeRoom(() => true, HANDSHAKES_MAX)
    }
    this.#underWay.set(connection, { host, network })
    connection.addEventListener('close', () => this.end(connection), { once: true })
    return true
  }

  end(connection: MultiaddrConnection): void {
    this.#underWay.delete(connection)
  }

  /** An authenticated connection of a peer that is admitted came from that address, or leads to it. @returns false: nothing is refused */
  knows(connection: Pick<MultiaddrConnection, 'remoteAddr'>): false {
    const host = hostOf(connection)
    this.#known.delete(host)
    if (this.#known.size >= KNOWN_MAX) this.#known.delete(this.#known.values().next().value as string)
    this.#known.add(host)
    return false
  }

  #isKnown({ host }: Pending): boolean {
    return this.#known.has(host)
  }

  /**
   * Ends the oldest handshake of some, where they, or all together, leave no place.
   *
   * @returns whether there is a place now
   */
  #makeRoom(among: (pending: Pending) => boolean, most: number, all = Infinity): boolean {
    const some = [...this.#underWay].filter(([, pending]) => among(pending))
    if (some.length < most && this.#underWay.size < all) return true
    const [oldest] = some
    if (oldest === undefined) return false
    this.end(oldest[0])
    oldest[0].abort(new Error('another handshake needs its place'))
    return true
  }
}
