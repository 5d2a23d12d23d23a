/** Whether multicast works on this machine, by which hospitals of one network find each other. @module */

import { EXIT } from '../errors.ts'
import { type DoctorCheck, notChecked, passed, valueIn } from './check.ts'
import { networkErrorText } from './world.ts'

export const multicastCheck: DoctorCheck = {
  name: 'multicast',
  isCheap: false,
  of: 'folder',
  async run({ config }, world) {
    if (valueIn(config)?.network.mdns === false) return [notChecked('network.mdns is false')]
    try {
      await world.multicast()
      return [passed('this machine hears what it sends to a group')]
    } catch (error) {
      return [
        {
          state: 'warning',
          found: `Multicast does not work here: ${networkErrorText(error)}`,
          remedy:
            'Nothing, where the study lists addresses. Otherwise write them into network.bootstrap, and set network.mdns ' +
            'to false.',
          exitCode: EXIT.config,
        },
      ]
    }
  },
}
