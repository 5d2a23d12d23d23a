/** Whether the database of a node that does not run opens and holds what was written to it. @module */

import { createRoster } from '../../protocols/roster/roster.ts'
import { OperatorError } from '../errors.ts'
import { openStore } from '../storage/store.ts'
import { type DoctorCheck, type DoctorFinding, failedBy, notChecked, passed, valueIn } from './check.ts'

export const storeCheck: DoctorCheck = {
  name: 'store',
  isCheap: false,
  of: 'folder',
  async run({ folder, studies, running }) {
    if ((await running()) !== null) return [passed('the node has it open')]
    const approved = valueIn(studies) ?? []
    if (approved.length === 0) return [notChecked('no study is approved yet')]
    const findings: DoctorFinding[] = []
    for (const { document, study } of approved) {
      const id = new Uint8Array(Buffer.from(study, 'hex'))
      try {
        const store = await openStore(folder, id)
        try {
          const { head } = await store.head({ document, study: id, founding: createRoster(document.hospitals) })
          findings.push(passed(`“${document.name}” stands before round ${head.round}`))
        } finally {
          await store.close()
        }
      } catch (error) {
        if (!(error instanceof OperatorError)) throw error
        findings.push(failedBy(error))
      }
    }
    return findings
  },
}
