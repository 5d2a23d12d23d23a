/**
 * Inbound connections that are not authenticated yet. Anyone can open them, so one address may hold at most
 * HANDSHAKES_PER_HOST_MAX of them: the others stay free for other addresses.
 *
 * @module
 */

import type { MultiaddrConnection } from '@libp2p/interface'
import { HANDSHAKES_PER_HOST_MAX } from './limits.ts'

/** The address without its port. */
function hostOf(connection: MultiaddrConnection): string {
  return connection.remoteAddr.getComponents()[0]?.value ?? ''
}

export class Handshakes {
  readonly #underWay = new Map<MultiaddrConnection, string>()

  /** @returns false when the address has too many under way, or the connection has ended already */
  begin(connection: MultiaddrConnection): boolean {
    // a busy node accepts what its dialer gave up: nothing would tell us of its end, and its place would stay taken
    if (connection.status !== 'open') return false
    const host = hostOf(connection)
    let same = 0
    for (const other of this.#underWay.values()) if (other === host) same += 1
    if (same >= HANDSHAKES_PER_HOST_MAX) return false
    this.#underWay.set(connection, host)
    connection.addEventListener('close', () => this.end(connection), { once: true })
    return true
  }

  end(connection: MultiaddrConnection): void {
    this.#underWay.delete(connection)
  }
}
