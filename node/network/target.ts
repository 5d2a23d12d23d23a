/** Addresses as libp2p dials them. @module */

import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'

/** The address with that peer's id; undefined when it is malformed or another peer's. */
export function targetOf(peer: string, address: string): Multiaddr | undefined {
  try {
    const parsed = multiaddr(address.includes('/p2p/') ? address : `${address}/p2p/${peer}`)
    const ends = parsed.getComponents().filter(({ name }) => name === 'p2p')
    return ends.length === 1 && ends[0]?.value === peer ? parsed : undefined
  } catch {
    return undefined
  }
}
