/** How this node reaches others, from `[network]` of the config. @module */

import { readFile } from 'node:fs/promises'
import type { NodeConfig } from '../../config/config.ts'
import { type HttpProxy, parseExceptions, parseProxy } from '../../config/proxy-setting.ts'
import { EXIT, OperatorError } from '../../errors.ts'
import type { Endpoint } from './endpoint.ts'

export interface ReachSettings {
  /** `http://[user:password@]host:port`; null for none */
  readonly proxy: string | null
  /** where the proxy is not used: see `parseExceptions` */
  readonly proxyExcept: readonly string[]
  /** PEM texts of authorities that are trusted for wss, beside those that Node brings */
  readonly ca: readonly string[]
  /** whether this node relays for those that it admits */
  readonly relay: boolean
}

export const REACH_DEFAULTS: ReachSettings = { proxy: null, proxyExcept: [], ca: [], relay: true }

/** The settings of a config, with the file of authorities read. @throws OperatorError `ca-unreadable`, exit code 3 */
export async function reachSettings(network: NodeConfig['network']): Promise<ReachSettings> {
  const { proxy, proxyExcept, relay, ca } = network
  if (ca === null) return { proxy, proxyExcept, relay, ca: [] }
  try {
    const text = await readFile(ca, 'utf8')
    if (!text.includes('-----BEGIN CERTIFICATE-----')) throw new Error('it holds no certificate in PEM')
    return { proxy, proxyExcept, relay, ca: [text] }
  } catch (cause) {
    throw new OperatorError('ca-unreadable', `network.ca: ${ca} cannot be read: ${(cause as Error).message}`, {
      hint: 'Name a PEM file with the certificates of your authorities, or delete the line.',
      exitCode: EXIT.config,
      cause,
    })
  }
}

/** The proxy for an endpoint; undefined where the connection is direct. */
export type ProxyFor = (endpoint: Endpoint) => HttpProxy | undefined

/** @throws SettingError for a proxy or an exception that is none */
export function proxyRule({ proxy, proxyExcept }: Pick<ReachSettings, 'proxy' | 'proxyExcept'>): ProxyFor {
  const excepted = parseExceptions(proxyExcept)
  if (proxy === null) return () => undefined
  const parsed = parseProxy(proxy)
  return ({ host }) => (excepted(host) ? undefined : parsed)
}
