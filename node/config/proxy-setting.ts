/** The proxy of `[network]` in the config, and where it is not used. @module */

import { BlockList, isIP } from 'node:net'
import { CodedError } from '../../crypto/errors.ts'

const PROXY_PORT_DEFAULT = 80

/** A setting that is none. The message never repeats what may hold a credential. */
export class SettingError extends CodedError {}

export interface HttpProxy {
  readonly host: string
  readonly port: number
  /** value of Proxy-Authorization; secret */
  readonly authorization?: string
  /** what may be shown: without credentials */
  readonly label: string
}

/** Reads `http://[user:password@]host[:port]`. @throws SettingError `bad-proxy`, whose message never repeats the text */
export function parseProxy(text: string): HttpProxy {
  let url: URL
  try {
    url = new URL(text)
  } catch {
    throw new SettingError('bad-proxy', 'is not an address such as http://proxy.example:3128')
  }
  if (url.protocol !== 'http:')
    throw new SettingError('bad-proxy', 'must begin with http://: no other proxies are known')
  if (url.hostname === '' || (url.pathname !== '/' && url.pathname !== '') || url.search !== '' || url.hash !== '') {
    throw new SettingError(
      'bad-proxy',
      'must be http://host:port, optionally with user:password@, and nothing behind it',
    )
  }
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const port = url.port === '' ? PROXY_PORT_DEFAULT : Number(url.port)
  const label = `http://${authorityOf({ host, port })}`
  if (url.username === '' && url.password === '') return { host, port, label }
  let credentials: string
  try {
    credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
  } catch {
    throw new SettingError('bad-proxy', 'has a % in its user or password that is no escape: write %25 for it')
  }
  return { host, port, label, authorization: `Basic ${Buffer.from(credentials).toString('base64')}` }
}

/**
 * Reads where the proxy is not used: `name`, `.domain` (the domain and all below it), an IP address, or a range such as
 * `10.0.0.0/8`. Ranges are compared with addresses only: names are not resolved for it.
 *
 * @throws SettingError `bad-exception`
 */
export function parseExceptions(entries: readonly string[]): (host: string) => boolean {
  const names = new Set<string>()
  const domains: string[] = []
  const ranges = new BlockList()
  for (const entry of entries.map(text => text.toLowerCase())) {
    const [address = '', bits, ...rest] = entry.split('/')
    const family = familyOf(address)
    if (family === undefined) {
      if (bits !== undefined || !/^\.?[a-z0-9_-]+(\.[a-z0-9_-]+)*$/.test(entry)) throw badException(entry)
      if (entry.startsWith('.')) domains.push(entry)
      else names.add(entry)
    } else if (bits === undefined) ranges.addAddress(address, family)
    else {
      if (rest.length > 0 || !/^\d{1,3}$/.test(bits) || Number(bits) > (family === 'ipv4' ? 32 : 128)) {
        throw badException(entry)
      }
      ranges.addSubnet(address, Number(bits), family)
    }
  }
  return host => {
    const name = host.toLowerCase()
    const family = familyOf(name)
    if (family !== undefined) return ranges.check(name, family)
    return names.has(name) || domains.some(domain => name.endsWith(domain) || name === domain.slice(1))
  }
}

function badException(entry: string): SettingError {
  return new SettingError(
    'bad-exception',
    `${JSON.stringify(entry)} is neither a name, nor .domain, an address or a range`,
  )
}

function familyOf(text: string): 'ipv4' | 'ipv6' | undefined {
  const version = isIP(text)
  return version === 0 ? undefined : version === 4 ? 'ipv4' : 'ipv6'
}

/** `host:port`, with brackets around an IPv6 address. */
export function authorityOf({ host, port }: { readonly host: string; readonly port: number }): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
