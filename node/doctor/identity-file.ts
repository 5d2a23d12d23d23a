/** Whether the key is there and its owner's alone. @module */

import { type DoctorCheck, failedBy, passed } from './check.ts'

export const identityCheck: DoctorCheck = {
  name: 'identity',
  isCheap: true,
  of: 'folder',
  async run({ peer }) {
    return ['error' in peer ? failedBy(peer.error) : passed(`${peer.value}, readable by its owner alone`)]
  },
}
