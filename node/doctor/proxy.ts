/** Whether the proxy of the config can be reached. @module */

import type { NodeConfig } from '../config/config.ts'
import { EXIT } from '../errors.ts'
import { endpointText } from './addresses.ts'
import { type DoctorCheck, notChecked, passed, valueIn } from './check.ts'
import { networkErrorText, type Place } from './world.ts'

const HTTP_PORT = 80
const HTTPS_PORT = 443

/** The address of the proxy for outgoing connections, or null. */
export function proxyOf({ network }: NodeConfig): string | null {
  return network.proxy
}

function endpointOfUrl(text: string): Place {
  const { protocol, hostname, port } = new URL(text)
  const host = hostname.replace(/^\[|\]$/g, '')
  return { host, port: port === '' ? (protocol === 'https:' ? HTTPS_PORT : HTTP_PORT) : Number(port) }
}

export const proxyCheck: DoctorCheck = {
  name: 'proxy',
  isCheap: false,
  of: 'folder',
  async run({ config }, world) {
    const read = valueIn(config)
    if (read === null) return [notChecked('the config cannot be read')]
    const proxy = proxyOf(read)
    if (proxy === null) return [notChecked('network.proxy is not set')]
    // its credentials are nobody's to see
    const endpoint = endpointOfUrl(proxy)
    try {
      await world.resolve(endpoint.host)
      await world.connect(endpoint)
      return [passed(`the proxy ${endpointText(endpoint)} answers`)]
    } catch (error) {
      return [
        {
          state: 'failed',
          found: `The proxy ${endpointText(endpoint)} cannot be reached: ${networkErrorText(error)}`,
          remedy: 'Correct network.proxy in config.toml, or delete it where connections need no proxy.',
          exitCode: EXIT.config,
        },
      ]
    }
  },
}
