/** Whether this Node.js is new enough. @module */

import { EXIT } from '../errors.ts'
import { requiredNode } from '../version.ts'
import { type DoctorCheck, passed } from './check.ts'

export const nodeVersionCheck: DoctorCheck = {
  name: 'node',
  isCheap: true,
  of: 'machine',
  async run(_, { nodeVersion }) {
    const required = requiredNode()
    if (!isOlder(nodeVersion, required)) return [passed(`Node.js ${nodeVersion}`)]
    return [
      {
        state: 'failed',
        found: `Node.js ${nodeVersion} is too old: confrere needs ${required} or newer`,
        remedy: 'Install a newer one from https://nodejs.org.',
        exitCode: EXIT.config,
      },
    ]
  },
}

/** Compares versions such as 22.12.0 number by number. */
function isOlder(version: string, than: string): boolean {
  const [have, need] = [version, than].map(text => text.split('.').map(part => Number.parseInt(part, 10)))
  const at = need!.findIndex((part, i) => part !== have![i])
  return at >= 0 && (have![at] ?? 0) < need![at]!
}
