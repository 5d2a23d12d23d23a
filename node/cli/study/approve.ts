/** `confrere study approve`: records this hospital's consent to a study. @module */

import { join as joinPath } from 'node:path'
import type { Command } from 'commander'
import { CONFIG_FILE, readConfig } from '../../config/config.ts'
import { dataSourceOf } from '../../config/data-source.ts'
import { answerProposal } from '../../contacts/answering.ts'
import { findStudy } from '../../contacts/find-study.ts'
import { requireApprovable } from '../../daemon/approval.ts'
import { recordCacheOf } from '../../datasets/record-cache.ts'
import { adviceLines } from '../../doctor/examine.ts'
import { readPatientDoor } from '../../privacy/patient-door.ts'
import { plannedOfHospitals } from '../../privacy/patient-epsilons.ts'
import { studyPlaceIn } from '../../privacy/study-place.ts'
import { storeApproved } from '../../storage/approved-studies.ts'
import { folderUnusable } from '../../storage/data-folder.ts'
import { loadIdentity } from '../../storage/identity.ts'
import { studyFolder } from '../../storage/round-files.ts'
import { thisMachine } from '../../training/machine.ts'
import { needsOf, needsText, requireCapacity } from '../../training/needs.ts'
import { addDataOption, addJsonOption } from '../options.ts'
import { printJson, printLines } from '../output.ts'
import { ownRecordsJson, ownRecordsLine, readOwnRecords } from '../own-records.ts'
import { fileProgress } from '../progress.ts'
import { actsOn } from '../recorded-commands.ts'
import { studyLines } from './text.ts'

export function addStudyApprove(command: Command): void {
  addJsonOption(addDataOption(command))
    .argument('<file>', 'the study file, or the first digits of the id of a proposed study')
    .option('--join', 'the node is not one of the founding hospitals: it wants to be admitted')
    .option('--dataset <name>', 'which of the data sets in config.toml the study takes')
    .option(
      '--force',
      'approve a study of fewer than 100 units, or a delta above 1/(2 × units): it protects no one for sure',
    )
    .action(approveStudy)
}

async function approveStudy(
  file: string,
  { data, json, join, dataset, force }: { data: string; json?: true; join?: true; dataset?: string; force?: true },
): Promise<void> {
  const config = await readConfig(data)
  const identity = await loadIdentity(data)
  const study = await findStudy(file, data)
  actsOn(study.study)
  requireApprovable(study, { config, peer: identity.peer, join: join === true, force: force === true })
  const records = await readOwnRecords(study.document, dataSourceOf(config, dataset ?? null), {
    door: await readPatientDoor(data),
    cache: recordCacheOf(data),
    ...fileProgress(),
  })
  if (records !== null)
    requireCapacity(study.document, records, await thisMachine(data, studyFolder(data, study.study)))
  const stored = await storeApproved(data, study, { dataset, joining: join === true }).catch(error => {
    throw folderUnusable(data, error)
  })
  const place = await studyPlaceIn(data, { study: study.study, population: config.privacy.population })
  await answerProposal(data, study.study, { identity, approves: true })
  if (json)
    printJson({
      study: study.study,
      file: stored,
      onThesePatients: place.number,
      records: ownRecordsJson(records),
      epsilonsOfPatient: plannedOfHospitals(study.document),
    })
  else
    printLines(
      ...studyLines(study, place),
      ownRecordsLine(records, joinPath(data, CONFIG_FILE)),
      ...(records === null ? [] : [`Needs     ${needsText(needsOf(study.document, records), 'those here')}`]),
      // a newcomer knows that it is not listed, and says so with --join
      ...(await adviceLines(data, { except: ['studies'] })),
      `Approved: "confrere start --data ${data}" takes part in it; a node that runs already has begun.`,
    )
}
