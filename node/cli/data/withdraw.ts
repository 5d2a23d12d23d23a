/** `confrere data withdraw`: takes patients out, from the next round on and for good. @module */

import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Command } from 'commander'
import { readConfig } from '../../config/config.ts'
import { dataSourceOf } from '../../config/data-source.ts'
import { type RecordCache, recordCacheOf } from '../../datasets/record-cache.ts'
import { readStudyRecords } from '../../datasets/study-records.ts'
import { OperatorError } from '../../errors.ts'
import { ledgerPath, readLedgerFile } from '../../privacy/ledger-file.ts'
import { doorOf, doorSettings } from '../../privacy/patient-door.ts'
import { readPatientFile } from '../../privacy/patient-file.ts'
import { addTombstones } from '../../privacy/withdrawal.ts'
import { historyOf, recordsOfPatient, type StudyRecords } from '../../privacy/withdrawal-history.ts'
import { withdrawalLetter } from '../../privacy/withdrawal-letter.ts'
import { approvedStudies, boundDataset } from '../../storage/approved-studies.ts'
import { writeFileNew } from '../../storage/atomic-file.ts'
import { FEATURES_FILE, studyFolder } from '../../storage/round-files.ts'
import type { VerifiedStudy } from '../../storage/study-file.ts'
import { addDataOption, addJsonOption } from '../options.ts'
import { printJson, printLines } from '../output.ts'

interface WithdrawOptions {
  data: string
  letters?: string
  json?: true
}

export function addDataWithdraw(command: Command): void {
  addJsonOption(addDataOption(command))
    .argument('<file>', 'a text file with one patient id a line; delete it afterwards')
    .option('--letters <folder>', 'write a letter to each patient there, numbered by the lines of the file')
    .action(withdraw)
}

async function withdraw(file: string, { data, letters, json }: WithdrawOptions): Promise<void> {
  const config = await readConfig(data)
  const ids = await readPatientFile(file)
  const door = doorOf(await doorSettings(data))
  const patients = ids.map(id => Buffer.from(door.keyed(id)).toString('hex'))
  const since = new Date().toISOString()
  const cache = recordCacheOf(data)
  const { studies, unread } = await studiesOf(data, config, { door, cache })
  // first of all they are out; what follows only tells and cleans up
  const added = await addTombstones(data, patients, since)
  if (letters !== undefined) await writeLetters(letters, { data, patients, studies, since, site: config.site })
  const deleted = await cache.deletePatients(new Set(patients))
  for (const { study, dataset } of studies) {
    const isThere = patients.some(patient => recordsOfPatient(dataset, patient) > 0)
    // features of the others are computed anew at the next start
    if (isThere) await rm(join(studyFolder(data, study), FEATURES_FILE), { force: true })
  }
  const known = patients.filter(patient => studies.some(({ dataset }) => recordsOfPatient(dataset, patient) > 0))
  const said = {
    withdrawn: added.length,
    before: new Set(patients).size - added.length,
    known: new Set(known).size,
    deleted,
  }
  if (json) printJson({ ...said, since, unread })
  else printLines(...saidLines(said, unread))
}

async function studiesOf(
  folder: string,
  config: Awaited<ReturnType<typeof readConfig>>,
  reading: { door: ReturnType<typeof doorOf>; cache: RecordCache },
): Promise<{ studies: StudyRecords[]; unread: string[] }> {
  const studies: StudyRecords[] = []
  const unread: string[] = []
  for (const { study, document } of await approvedStudies(folder)) {
    const dataset = await recordsOf({ folder, config, study, document }, reading).catch(error => {
      if (!(error instanceof OperatorError)) throw error
      unread.push(document.name)
    })
    if (dataset?.patientHashes !== undefined) studies.push({ study, dataset })
    else if (dataset !== undefined && dataset !== null) unread.push(document.name)
  }
  return { studies, unread }
}

async function recordsOf(
  of: { folder: string; config: Awaited<ReturnType<typeof readConfig>> } & Pick<VerifiedStudy, 'study' | 'document'>,
  reading: { door: ReturnType<typeof doorOf>; cache: RecordCache },
) {
  const source = dataSourceOf(of.config, await boundDataset(of.folder, of.study))
  return source === null ? null : await readStudyRecords(of.document.contract, source, reading)
}

async function writeLetters(
  folder: string,
  facts: { data: string; patients: readonly string[]; studies: readonly StudyRecords[]; since: string; site: string },
): Promise<void> {
  const { data, patients, studies, since, site } = facts
  const { ledger } = await readLedgerFile(ledgerPath(data))
  await mkdir(folder, { recursive: true, mode: 0o700 })
  for (const [at, patient] of patients.entries()) {
    const letter = withdrawalLetter({ site, since, studies: historyOf(patient, studies, ledger) })
    await writeFileNew(join(folder, `letter-${at + 1}.html`), letter, 0o600)
  }
}

function saidLines(
  { withdrawn, before, known, deleted }: { withdrawn: number; before: number; known: number; deleted: number },
  unread: readonly string[],
): string[] {
  const names = unread.map(name => `"${name}"`).join(', ')
  return [
    `${withdrawn} patients are out from the next round on, in all studies, also if their records are imported again.`,
    ...(before === 0 ? [] : [`${before} were out before.`]),
    `${known} of all of them have records in the data sets of approved studies; ${deleted} kept records were deleted.`,
    ...(unread.length === 0
      ? []
      : [`Not searched, because its records cannot be read or do not say whose they are: ${names}.`]),
    'Nothing that was spent is given back, and no model is trained again: see docs/patients.md.',
  ]
}
