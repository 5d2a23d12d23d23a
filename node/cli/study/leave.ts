/** `confrere study leave`: takes no further part in a study. @module */

import type { Command } from 'commander'
import { markStudy, selectStudy } from '../../storage/approved-studies.ts'
import { addDataOption, addJsonOption, parseStudyPrefix } from '../options.ts'
import { printJson, printLines } from '../output.ts'
import { actsOn } from '../recorded-commands.ts'

export function addStudyLeave(command: Command): void {
  addJsonOption(addDataOption(command))
    .argument('<study>', 'which one, by the first digits of its id', parseStudyPrefix)
    .action(leaveStudy)
}

async function leaveStudy(prefix: string, { data, json }: { data: string; json?: true }): Promise<void> {
  const { study, document } = await selectStudy(data, prefix)
  actsOn(study)
  await markStudy(data, study, 'left')
  if (json) printJson({ study, left: true })
  else
    printLines(
      `Left: this node takes no further part in "${document.name}" (${study.slice(0, 12)}). What it has released stays in the sums, and what was charged stays charged.`,
      `"confrere study approve FILE --data ${data}" takes part in it again.`,
    )
}
