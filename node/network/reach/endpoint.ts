/** Where an address leads: host and port, and for WebSockets the TLS name and the path. @module */

import type { Multiaddr } from '@multiformats/multiaddr'

const HOSTS = new Set(['ip4', 'ip6', 'dns', 'dns4', 'dns6'])

export interface Endpoint {
  /** a name, or an IP address without brackets */
  readonly host: string
  readonly port: number
  /** present for a WebSocket */
  readonly web?: {
    readonly secure: boolean
    /** begins with a slash */
    readonly path: string
    /** the name that the certificate must have, when it differs from `host` */
    readonly serverName?: string
  }
}

/** The endpoint of a TCP or WebSocket address; undefined for any other, relayed ones included. */
export function endpointOf(address: Multiaddr): Endpoint | undefined {
  const components = address.getComponents()
  const first = (name: string) => components.find(component => component.name === name)?.value
  const has = (name: string) => components.some(component => component.name === name)
  const host = components[0]
  const port = Number(first('tcp'))
  if (host?.value === undefined || !HOSTS.has(host.name) || !Number.isInteger(port) || has('p2p-circuit')) return
  if (!has('ws') && !has('wss')) return { host: host.value, port }
  const serverName = first('sni')
  const path = `/${decodeURIComponent(first('http-path') ?? '').replace(/^\/+/, '')}`
  const web = { secure: has('wss') || has('tls'), path, ...(serverName !== undefined && { serverName }) }
  return { host: host.value, port, web }
}
