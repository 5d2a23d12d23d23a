/** Host and TCP port of a multiaddr. @module */

import { multiaddr } from '@multiformats/multiaddr'
import type { Place } from './world.ts'

const HOSTS = new Set(['ip4', 'ip6', 'dns', 'dns4', 'dns6'])

/** @returns null where the address is not of a TCP port, or leads through a relay */
export function tcpPlaceOf(address: string): Place | null {
  const parts = multiaddr(address).getComponents()
  if (parts.some(({ name }) => name === 'p2p-circuit')) return null
  const host = parts.find(({ name }) => HOSTS.has(name))?.value
  const port = parts.find(({ name }) => name === 'tcp')?.value
  return host === undefined || port === undefined ? null : { host, port: Number(port) }
}

/** An endpoint as people write it. */
export function endpointText({ host, port }: Place): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
