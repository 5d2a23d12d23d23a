/** This machine's clock against those of servers that the config names. @module */

import type { NodeConfig } from '../config/config.ts'
import { EXIT } from '../errors.ts'
import { type DoctorCheck, notChecked, passed, valueIn } from './check.ts'
import { proxyOf } from './proxy.ts'

/** Logs and ledger entries of two hospitals must be comparable; a Date header has whole seconds. */
const DIFFERENCE_MS_MAX = 60_000

export const clockCheck: DoctorCheck = {
  name: 'clock',
  isCheap: false,
  of: 'folder',
  async run({ config }, world) {
    const read = valueIn(config)
    const differences: number[] = []
    for (const url of read === null ? [] : serversOf(read)) {
      const date = Date.parse((await world.dateOf(url).catch(() => null)) ?? '')
      if (!Number.isNaN(date)) differences.push(world.now() - date)
    }
    if (differences.length === 0) return [notChecked('no server that the config names tells its time')]
    const difference = differences.sort((a, b) => a - b)[Math.floor(differences.length / 2)]!
    const seconds = Math.round(Math.abs(difference) / 1000)
    if (Math.abs(difference) <= DIFFERENCE_MS_MAX) return [passed(`within ${seconds} s of a server's clock`)]
    return [
      {
        state: 'failed',
        found: `The clock is ${seconds} s ${difference > 0 ? 'ahead of' : 'behind'} a server's`,
        remedy: 'Let it be set from the network (timedatectl set-ntp true, or your own time server).',
        exitCode: EXIT.config,
      },
    ]
  },
}

/** The proxy and the PACS: nobody else is to hear of this machine. */
function serversOf(config: NodeConfig): string[] {
  const pacs = Object.values(config.datasets).flatMap(({ pacs: asked, path }) => (asked === null ? [] : [path]))
  return [...new Set([proxyOf(config) ?? [], pacs].flat())]
}
