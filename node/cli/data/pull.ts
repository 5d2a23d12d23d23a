/** `confrere data pull`: records from a PACS, by DICOMweb, into a data set that has a name. @module */

import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { DataContract } from '../../../protocols/study/contracts/list.ts'
import { readConfig } from '../../config/config.ts'
import { addDatasetTable, requireDatasetName } from '../../config/dataset-table.ts'
import { DataChecker } from '../../datasets/check.ts'
import { type PacsCredentials, readCredentials } from '../../datasets/dicomweb/credentials.ts'
import { instanceKey } from '../../datasets/dicomweb/instance-key.ts'
import { type PulledFinding, pulledFindings } from '../../datasets/dicomweb/pull.ts'
import type { InstanceUids, PacsQuery } from '../../datasets/dicomweb/search.ts'
import { type ListColumns, listLabelling, patientListLabelling } from '../../datasets/labelling.ts'
import { pulledKey } from '../../datasets/read-source.ts'
import type { Reading } from '../../datasets/reader.ts'
import { type KeyedFinding, recordCacheOf } from '../../datasets/record-cache.ts'
import { type DataSource, sourceId } from '../../datasets/source.ts'
import { Unmatched } from '../../datasets/unmatched.ts'
import { EXIT, OperatorError } from '../../errors.ts'
import { doorOf, doorSettings } from '../../privacy/patient-door.ts'
import { readContract } from '../../study/contract-file.ts'
import { addDataOption, addJsonOption } from '../options.ts'
import { printJson, printLines } from '../output.ts'
import { actsOn } from '../recorded-commands.ts'
import { countLines } from './check-text.ts'
import { listColumns } from './source-options.ts'

interface PullChoices extends PacsQuery {
  data: string
  dicomweb: string
  contract: string
  split: string
  list?: string
  patients?: string
  columns?: string
  credentials?: string
  ca?: string
  unencrypted?: true
  json?: true
}

export function addDataPull(command: Command): void {
  addJsonOption(addDataOption(command))
    .argument('<name>', 'a name for the data set')
    .requiredOption('--dicomweb <url>', 'the DICOMweb service of the PACS')
    .requiredOption(
      '--contract <file>',
      'a study (its file, or the first digits of its id), or a TOML file with a table [contract]: what a record is to be',
    )
    .option('--modality <code>', 'such as CR or DX')
    .option('--body-part <name>', 'such as CHEST')
    .option('--from <day>', 'first day of the study, such as 20240131')
    .option('--to <day>', 'last day of the study')
    .option('--list <csv>', 'a CSV whose column file holds UIDs of instances, series or studies, with their labels')
    .option('--patients <csv>', 'a CSV with the columns patient and label, instead of a list by UID')
    .option('--columns <names>', 'other names of its columns, such as file=StudyInstanceUID,label=class')
    .option('--credentials <file>', 'a file for its owner alone: "basic NAME:PASSWORD" or "bearer TOKEN"')
    .option('--ca <file>', 'certificates in PEM to trust instead of those of this machine')
    .option('--unencrypted', 'take images from another machine over http')
    .option('--split <name>', 'which split of it is trained on', 'train')
    .action(pullData)
}

async function pullData(name: string, choices: PullChoices): Promise<void> {
  const { data, contract: file, json } = choices
  requireDatasetName(name)
  actsOn(name)
  const { datasets } = await readConfig(data)
  const contract = await readContract(file, data)
  const source = sourceOfChoices(choices)
  // another pull of the same goes on; anything else of that name is in the way
  const before = Object.hasOwn(datasets, name) ? datasets[name] : undefined
  const goesOn = before?.split === source.split && sourceId(before) === sourceId(source)
  if (!goesOn) await addDatasetTable(data, name, source)
  const checker = new DataChecker(contract)
  const { kept, unmatched } = await pull(choices, { contract, source, checker })
  const check = checker.result()
  const without = check.files.filter(({ ok }) => !ok).length
  if (json) printJson({ name, kept, unmatched: unmatched?.count ?? null, ...check })
  else {
    printLines(
      ...check.files
        .filter(({ ok }) => !ok)
        .slice(0, 20)
        .map(({ reason }) => `an instance: ${reason}`),
      ...countLines(check),
      ...unmatchedLines(unmatched),
      `Kept      ${kept} records in all${without === 0 ? '' : `; ${without} instances have none, and are asked for again by another pull`}`,
      `A study takes them by: confrere study approve FILE --dataset ${name}`,
    )
  }
}

/** What a list names may be of a patient: the number alone is said. */
function unmatchedLines(unmatched: Unmatched | null): string[] {
  if (unmatched === null || unmatched.count === 0) return []
  const { count, entries } = unmatched
  return [
    `List      ${count} of its ${entries} entries match nothing that was found: compare them with the PACS, and look whether --modality, --body-part, --from or --to leaves them out`,
  ]
}

function sourceOfChoices(choices: PullChoices): DataSource {
  const { dicomweb, split, list, patients, columns, modality, bodyPart, from, to } = choices
  if (list !== undefined && patients !== undefined) {
    throw new OperatorError('two-labellings', 'Labels come from a list by UID or by patient, not from both', {
      hint: 'Leave --list or --patients away.',
      exitCode: EXIT.usage,
    })
  }
  const query = Object.entries({ modality, bodyPart, from, to }).filter(([, value]) => value !== undefined)
  const named = list ?? patients
  return {
    path: dicomweb,
    pacs: Object.fromEntries(query),
    split,
    list: named === undefined ? null : resolve(named),
    columns: listColumns(columns, named),
    names: null,
  }
}

async function pull(
  choices: PullChoices,
  { contract, source, checker }: { contract: DataContract; source: DataSource; checker: DataChecker },
): Promise<{ kept: number; unmatched: Unmatched | null }> {
  const { key, ...settings } = await doorSettings(choices.data)
  const door = doorOf({ key, ...settings })
  const cache = recordCacheOf(choices.data)
  const cacheKey = pulledKey(source, contract)
  const credentials = choices.credentials === undefined ? undefined : await readCredentials(choices.credentials)
  const done = await cache.keys(cacheKey)
  const { unmatched, found, ...facts } = await labelsOf(choices, source, door.keyed)
  for (const patient of await cache.patients(cacheKey)) unmatched?.found(patient)
  const findings = pulledFindings(
    {
      pacs: await pacsOf(choices, credentials),
      query: source.pacs ?? {},
      instanceKeyed: uid => instanceKey(key, uid),
      done,
      found,
    },
    { contract, keyed: door.keyed, ...facts },
  )
  const each = (finding: Parameters<DataChecker['add']>[0]): void => checker.add(finding)
  const kept = await cache.write(cacheKey, keyedFindings(findings, door.withdrawn), { each, goesOn: true })
  // without patients in the contract, nothing kept says whose the records of earlier pulls are
  const unsure = choices.patients !== undefined && contract.patients === undefined && done.size > 0
  return { kept, unmatched: unsure ? null : unmatched }
}

async function pacsOf({ dicomweb, ca, unencrypted }: PullChoices, credentials: PacsCredentials | undefined) {
  return {
    url: dicomweb,
    ...(credentials !== undefined && { credentials }),
    ...(ca !== undefined && { authority: await readFile(ca, 'utf8') }),
    ...(unencrypted && { unencrypted }),
  }
}

interface Labels extends Pick<Reading, 'facts' | 'factsOfPatient'> {
  readonly found: (uids: InstanceUids) => void
  /** null where there is no list */
  readonly unmatched: Unmatched | null
}

async function labelsOf(
  { list, patients }: PullChoices,
  { columns }: DataSource,
  keyed: Reading['keyed'],
): Promise<Labels> {
  const named = columns as Partial<ListColumns>
  const facts = () => ({ label: null, patient: null, split: null })
  if (list !== undefined) {
    const { facts: factsOf, listed } = await listLabelling(resolve(list), named)
    const unmatched = new Unmatched(listed ?? [])
    const found = ({ study, series, instance }: InstanceUids): void => {
      for (const uid of [study, series, instance]) unmatched.found(uid)
    }
    return { facts: factsOf, found, unmatched }
  }
  if (patients === undefined) return { facts, found: () => {}, unmatched: null }
  const { factsOfPatient, listed } = await patientListLabelling(resolve(patients), keyed, named)
  const unmatched = new Unmatched(listed)
  const factsAndCount: typeof factsOfPatient = patient => {
    unmatched.found(Buffer.from(patient).toString('hex'))
    return factsOfPatient(patient)
  }
  return { facts, factsOfPatient: factsAndCount, found: () => {}, unmatched }
}

async function* keyedFindings(
  findings: AsyncIterable<PulledFinding>,
  withdrawn: ReadonlySet<string>,
): AsyncGenerator<KeyedFinding> {
  for await (const { finding, done } of findings) {
    const patient = finding.ok ? finding.record?.patient : undefined
    const isOut = patient && withdrawn.has(Buffer.from(patient).toString('hex'))
    if (isOut) yield { ...finding, ok: false, reason: 'its patient has withdrawn: it stays out' }
    else yield done === null ? finding : { ...finding, key: done }
  }
}
