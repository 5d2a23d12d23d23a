/** `confrere data add`: reads files into a data set that has a name. @module */

import type { Command } from 'commander'
import type { DataContract } from '../../../protocols/study/contracts/list.ts'
import { readConfig } from '../../config/config.ts'
import { addDatasetTable, requireDatasetName } from '../../config/dataset-table.ts'
import { DataChecker } from '../../datasets/check.ts'
import { isRecordFormat } from '../../datasets/open-dataset.ts'
import { countFiles, findingsOf, stateOf } from '../../datasets/read-source.ts'
import { recordCacheOf } from '../../datasets/record-cache.ts'
import { type DataSource, sourceId } from '../../datasets/source.ts'
import { readStudyRecords } from '../../datasets/study-records.ts'
import { EXIT, OperatorError } from '../../errors.ts'
import { doorOf, doorSettings } from '../../privacy/patient-door.ts'
import { readContract } from '../../study/contract-file.ts'
import { addDataOption, addJsonOption } from '../options.ts'
import { printJson, printLines } from '../output.ts'
import { fileProgress } from '../progress.ts'
import { actsOn } from '../recorded-commands.ts'
import { checkLines } from './check-text.ts'
import { addSourceOptions, type SourceOptions, sourceFiles } from './source-options.ts'

interface AddOptions extends SourceOptions {
  data: string
  contract: string
  split: string
  json?: true
}

export function addDataAdd(command: Command): void {
  addSourceOptions(addJsonOption(addDataOption(command)))
    .argument('<name>', 'a name for the data set')
    .argument('<path>', 'a file or a folder')
    .requiredOption(
      '--contract <file>',
      'a study (its file, or the first digits of its id), or a TOML file with a table [contract]: what a record is to be',
    )
    .option('--split <name>', 'which split of it is trained on', 'train')
    .action(addData)
}

async function addData(name: string, path: string, options: AddOptions): Promise<void> {
  const { data, contract: file, split, json } = options
  requireDatasetName(name)
  actsOn(name)
  const { datasets } = await readConfig(data)
  const contract = await readContract(file, data)
  const source: DataSource = { ...sourceFiles(path, options), split }
  // before hours of reading, not after them
  if (Object.hasOwn(datasets, name)) await addDatasetTable(data, name, source)
  const said = isRecordFormat(source.path)
    ? await readArchive(data, contract, source)
    : await readFiles(data, contract, source)
  await addDatasetTable(data, name, source)
  if (json) printJson({ name, ...said.json })
  else printLines(...said.lines, `Added "${name}". A study takes it by: confrere study approve FILE --dataset ${name}`)
}

interface Said {
  readonly json: object
  readonly lines: readonly string[]
}

async function readArchive(folder: string, contract: DataContract, source: DataSource): Promise<Said> {
  const door = doorOf(await doorSettings(folder))
  const { count, shape } = await readStudyRecords(contract, source, { door, cache: null })
  return { json: { records: count, shape }, lines: [`Records   ${count}, ${shape.join('x')}`] }
}

async function readFiles(folder: string, contract: DataContract, source: DataSource): Promise<Said> {
  const door = doorOf(await doorSettings(folder))
  const { state, files } = await stateOf(source)
  const checker = new DataChecker(contract)
  const count = countFiles(files, fileProgress().progress)
  const key = { contract, source: sourceId(source), state }
  const kept = await recordCacheOf(folder).write(key, findingsOf(source, { contract, door }), {
    each: finding => {
      count(finding)
      checker.add(finding)
    },
  })
  const check = checker.result()
  if (kept === 0) {
    throw new OperatorError('data-unreadable', 'No file fits the contract', {
      hint: `"confrere data check PATH --contract FILE" says of each file what does not fit.`,
      exitCode: EXIT.dataUnreadable,
    })
  }
  return { json: check, lines: checkLines(check) }
}
