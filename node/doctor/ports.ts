/** Whether the ports of the config are free, or our own node's. @module */

import type { NodeConfig } from '../config/config.ts'
import { EXIT } from '../errors.ts'
import { endpointText, tcpPlaceOf } from './addresses.ts'
import { type DoctorCheck, type DoctorFinding, type DoctorSubject, notChecked, passed, valueIn } from './check.ts'
import { type DoctorWorld, networkErrorText, type Place } from './world.ts'

interface Port {
  readonly key: 'http.port' | 'network.listen'
  readonly endpoint: Place
}

export const portsCheck: DoctorCheck = {
  name: 'ports',
  isCheap: true,
  of: 'folder',
  async run(subject, world) {
    const config = valueIn(subject.config)
    if (config === null) return [notChecked('the config cannot be read')]
    return await Promise.all(portsOf(config).map(port => findingOf(port, subject, world)))
  },
}

function portsOf({ http, network }: NodeConfig): Port[] {
  const listening = network.listen.flatMap((address): Port[] => {
    const endpoint = tcpPlaceOf(address)
    return endpoint === null ? [] : [{ key: 'network.listen', endpoint }]
  })
  return [{ key: 'http.port' as const, endpoint: http }, ...listening]
}

async function findingOf(
  { key, endpoint }: Port,
  { running }: DoctorSubject,
  world: DoctorWorld,
): Promise<DoctorFinding> {
  const where = `${endpointText(endpoint)} (${key})`
  if (endpoint.port === 0) return passed(`${where}: any free port`)
  try {
    await world.listen(endpoint)
    return passed(`${where} is free`)
  } catch (error) {
    const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
    if (isTaken && (await running()) !== null) return passed(`${where} is this node's, which runs`)
    return {
      state: 'failed',
      found: `${where} cannot be listened on: ${networkErrorText(error)}`,
      remedy: isTaken
        ? `Stop the program that has it, or choose another port in ${key} of config.toml.`
        : `Choose an address and a port above 1023 in ${key} of config.toml.`,
      exitCode: EXIT.cannotListen,
    }
  }
}
