/** `confrere study approve`: records this hospital's consent to a study. @module */

import { join as joinPath } from 'node:path'
import type { Command } from 'commander'
import type { StudyDocument } from '../../protocols/study/types.ts'
import { CONFIG_FILE, type NodeConfig, readConfig } from '../config/config.ts'
import { dataSourceOf } from '../config/data-source.ts'
import { recordCacheOf } from '../datasets/record-cache.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { promisedText } from '../privacy/epsilon-text.ts'
import { readPatientDoor } from '../privacy/patient-door.ts'
import { plannedOfHospitals } from '../privacy/patient-epsilons.ts'
import { storeApproved } from '../storage/approved-studies.ts'
import { folderUnusable } from '../storage/data-folder.ts'
import { loadIdentity } from '../storage/identity.ts'
import { studyFolder } from '../storage/round-files.ts'
import { readStudyFile } from '../storage/study-file.ts'
import { thisMachine } from '../training/machine.ts'
import { needsOf, needsText, requireCapacity } from '../training/needs.ts'
import { addDataOption, addJsonOption } from './options.ts'
import { printJson, printLines } from './output.ts'
import { ownRecordsLine, readOwnRecords } from './own-records.ts'
import { fileProgress } from './progress.ts'
import { requireMember } from './study-new.ts'
import { studyLines } from './study-text.ts'

export function addStudyApprove(command: Command): void {
  addJsonOption(addDataOption(command))
    .argument('<file>', 'the study file')
    .option('--join', 'the node is not one of the founding hospitals: it wants to be admitted')
    .option('--dataset <name>', 'which of the data sets in config.toml the study takes')
    .action(approveStudy)
}

async function approveStudy(
  file: string,
  { data, json, join, dataset }: { data: string; json?: true; join?: true; dataset?: string },
): Promise<void> {
  const config = await readConfig(data)
  const identity = await loadIdentity(data)
  const study = await readStudyFile(file)
  if (!join) requireMember(study.document, identity)
  requireStudyWithinCap(study.document, config)
  const records = await readOwnRecords(study.document, dataSourceOf(config, dataset ?? null), {
    door: await readPatientDoor(data),
    cache: recordCacheOf(data),
    ...fileProgress(),
  })
  if (records !== null)
    requireCapacity(study.document, records, await thisMachine(data, studyFolder(data, study.study)))
  const stored = await storeApproved(data, study, dataset).catch(error => {
    throw folderUnusable(data, error)
  })
  if (json)
    printJson({ study: study.study, file: stored, records, epsilonsOfPatient: plannedOfHospitals(study.document) })
  else
    printLines(
      ...studyLines(study),
      ownRecordsLine(records, joinPath(data, CONFIG_FILE)),
      ...(records === null ? [] : [`Needs     ${needsText(needsOf(study.document, records), 'those here')}`]),
      `Approved: "confrere start --data ${data}${join ? ' --join' : ''}" takes part in it.`,
    )
}

/** Checks that the local cap covers the whole study. @throws OperatorError `budget-too-small`, exit code 7 */
export function requireStudyWithinCap(
  { privacy, name, unit, copies }: StudyDocument,
  config: Pick<NodeConfig, 'privacy'>,
): void {
  const { epsilonMax } = config.privacy
  if (epsilonMax >= privacy.epsilon) return
  throw new OperatorError(
    'budget-too-small',
    `"${name}" may spend epsilon ${privacy.epsilon} for ${promisedText({ unit, copies })}, and this node allows ${epsilonMax}`,
    {
      hint: 'Raise privacy.epsilonMax in config.toml if the hospital agrees, or ask for a study that spends less.',
      exitCode: EXIT.budgetExhausted,
    },
  )
}
