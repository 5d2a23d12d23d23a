/** Relayed addresses. @module */

import type { Multiaddr } from '@multiformats/multiaddr'

/** The PeerId of the relay in a relayed address; undefined for any other address. */
export function relayOf(address: Multiaddr): string | undefined {
  const components = address.getComponents()
  const circuit = components.findIndex(({ name }) => name === 'p2p-circuit')
  return components.slice(0, Math.max(0, circuit)).findLast(({ name }) => name === 'p2p')?.value
}
