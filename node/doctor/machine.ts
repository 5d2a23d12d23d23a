/** Memory and disk against what each approved study needs. @module */

import { dataSourceOf } from '../config/data-source.ts'
import { boundDataset } from '../storage/approved-studies.ts'
import { studyFolder } from '../storage/round-files.ts'
import { thisMachine } from '../training/machine.ts'
import { equalShare, needsOf, needsText, requireCapacity } from '../training/needs.ts'
import { type DoctorCheck, type DoctorFinding, notChecked, passed, readable, valueIn } from './check.ts'
import { countedAtHead } from './records.ts'

export const machineCheck: DoctorCheck = {
  name: 'machine',
  isCheap: false,
  of: 'folder',
  async run({ folder, config, studies }) {
    const [read, approved] = [valueIn(config), valueIn(studies)]
    if (approved === null || approved.length === 0) return [notChecked('no study is approved yet that would need it')]
    const findings: DoctorFinding[] = []
    for (const { document, study } of approved) {
      const bound = await boundDataset(folder, study)
      const source = read && valueIn(await readable(async () => dataSourceOf(read, bound)))
      const found = await countedAtHead(source)
      const records = found === null ? equalShare(document) : { count: found.count, distinct: found.count }
      // what is lacking ends as this error, with a setting that would fit
      requireCapacity(document, records, await thisMachine(folder, studyFolder(folder, study)))
      const text = needsText(needsOf(document, records), found === null ? 'an equal share' : 'those here')
      findings.push(passed(`enough for “${document.name}”: ${text}`))
    }
    return findings
  },
}
