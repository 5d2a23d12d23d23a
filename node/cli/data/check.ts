/** `confrere data check`: what fits of some files and what does not; nothing of it leaves this machine. @module */

import { basename } from 'node:path'
import type { Command } from 'commander'
import type { DataContract } from '../../../protocols/study/contracts/list.ts'
import { DataChecker } from '../../datasets/check.ts'
import { inspectDataset, isRecordFormat } from '../../datasets/open-dataset.ts'
import { countFiles, findingsOf, type SourceFiles, stateOf } from '../../datasets/read-source.ts'
import type { Finding } from '../../datasets/reader.ts'
import { readStudyRecords } from '../../datasets/study-records.ts'
import { EXIT, OperatorError } from '../../errors.ts'
import { passingDoor } from '../../privacy/patient-door.ts'
import { readContract } from '../../study/contract-file.ts'
import { addJsonOption } from '../options.ts'
import { printJson, printLines } from '../output.ts'
import { fileProgress } from '../progress.ts'
import { checkLines } from './check-text.ts'
import { addSourceOptions, type SourceOptions, sourceFiles } from './source-options.ts'

interface CheckOptions extends SourceOptions {
  contract?: string
  data?: string
  split: string
  json?: true
}

export function addDataCheck(command: Command): void {
  addSourceOptions(addJsonOption(command))
    .argument('<path>', 'a file or a folder')
    .option(
      '--contract <file>',
      'a study (its file, or the first digits of its id), or a TOML file with a table [contract]: what a record is to be',
    )
    .option('--data <folder>', "the node's data folder, where the contract is named by an id")
    .option('--split <name>', 'which arrays of a NumPy archive', 'train')
    .action(checkData)
}

async function checkData(path: string, { contract: file, data, split, json, ...options }: CheckOptions): Promise<void> {
  const contract = file === undefined ? null : await readContract(file, data)
  const files = sourceFiles(path, options)
  const checker = new DataChecker(contract)
  for await (const finding of checkedFindings(files, { contract, split })) {
    // a file that was named itself has no name in a folder
    checker.add(finding.file === '' ? { ...finding, file: basename(files.path) } : finding)
  }
  const check = checker.result()
  if (json) printJson(check)
  else printLines(...checkLines(check))
  if (check.files.some(({ ok }) => ok)) return
  process.exitCode = EXIT.dataUnreadable
}

async function* checkedFindings(
  files: SourceFiles,
  { contract, split }: { contract: DataContract | null; split: string },
): AsyncGenerator<Finding> {
  const door = passingDoor()
  if (isRecordFormat(files.path)) {
    yield await archiveFinding(files.path, { contract, split })
    return
  }
  const count = countFiles((await stateOf(files)).files, fileProgress().progress)
  for await (const finding of findingsOf(files, { contract, door })) {
    count(finding)
    yield finding
  }
}

/** An archive of arrays is one file of many records; what is wrong with it is one reason. */
async function archiveFinding(
  path: string,
  { contract, split }: { contract: DataContract | null; split: string },
): Promise<Finding> {
  try {
    if (contract === null) await inspectDataset(path, split)
    else {
      const source = { path, pacs: null, split, list: null, columns: {}, names: null }
      await readStudyRecords(contract, source, { door: passingDoor(), cache: null })
    }
    return { file: '', ok: true, record: null }
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error
    return { file: '', ok: false, reason: `${error.message}. ${error.hint}` }
  }
}
