/** `confrere study refuse`: refuses a proposed study. @module */

import type { Command } from 'commander'
import { answerProposal } from '../../contacts/answering.ts'
import { findStudy } from '../../contacts/find-study.ts'
import { readProposal } from '../../contacts/proposal-folder.ts'
import { EXIT, OperatorError } from '../../errors.ts'
import { approvedStudies } from '../../storage/approved-studies.ts'
import { requireDataFolder } from '../../storage/data-folder.ts'
import { loadIdentity } from '../../storage/identity.ts'
import { confirm } from '../contacts/confirm.ts'
import { addDataOption, addJsonOption } from '../options.ts'
import { printJson, printLines } from '../output.ts'
import { actsOn } from '../recorded-commands.ts'

export function addStudyRefuse(command: Command): void {
  addJsonOption(addDataOption(command))
    .argument('<id>', 'the first digits of the id of a proposed study')
    .option('--yes', 'do not ask')
    .action(refuseStudy)
}

async function refuseStudy(id: string, { data, json, yes }: { data: string; json?: true; yes?: true }): Promise<void> {
  await requireDataFolder(data)
  const identity = await loadIdentity(data)
  const { study, document } = await findStudy(id, data)
  actsOn(study)
  const isApproved = (await approvedStudies(data)).some(one => one.study === study)
  if (isApproved || (await readProposal(data, study)) === undefined) {
    const what = isApproved ? 'is approved here already' : 'was not proposed'
    throw new OperatorError('not-proposed', `The study "${document.name}" ${what}`, {
      hint: 'Only a proposed study can be refused: "confrere study list" shows them.',
      exitCode: EXIT.usage,
    })
  }
  await confirm(`Refuse "${document.name}", and tell the other hospitals?`, { yes })
  await answerProposal(data, study, { identity, approves: false })
  if (json) printJson({ study, state: 'refused' })
  else
    printLines(`Refused "${document.name}". It can still be approved: "confrere study approve ${study.slice(0, 12)}".`)
}
