/** How this node reaches others, from `[network]` of the config. @module */

import type { Endpoint } from './endpoint.ts'
import { type HttpProxy, parseExceptions, parseProxy } from './proxy.ts'

export interface ReachSettings {
  /** `http://[user:password@]host:port`; null for none */
  readonly proxy: string | null
  /** where the proxy is not used: see `parseExceptions` */
  readonly proxyExcept: readonly string[]
  /** PEM texts of authorities that are trusted for wss, beside those of the system */
  readonly ca: readonly string[]
  /** whether this node relays for those that it admits */
  readonly relay: boolean
}

export const REACH_DEFAULTS: ReachSettings = { proxy: null, proxyExcept: [], ca: [], relay: true }

/** The proxy for an endpoint; undefined where the connection is direct. */
export type ProxyFor = (endpoint: Endpoint) => HttpProxy | undefined

/** @throws ReachError for a proxy or an exception that is none */
export function proxyRule({ proxy, proxyExcept }: Pick<ReachSettings, 'proxy' | 'proxyExcept'>): ProxyFor {
  const excepted = parseExceptions(proxyExcept)
  if (proxy === null) return () => undefined
  const parsed = parseProxy(proxy)
  return ({ host }) => (excepted(host) ? undefined : parsed)
}
