/** Whether the records of each approved study are there and fit it, as far as the head of a file tells. @module */

import { constants } from 'node:fs'
import { access, readdir, stat } from 'node:fs/promises'
import { dataSourceOf } from '../config/data-source.ts'
import type { RecordsFound } from '../datasets/format.ts'
import type { DataSource } from '../datasets/source.ts'
import { EXIT } from '../errors.ts'
import { boundDataset } from '../storage/approved-studies.ts'
import type { VerifiedStudy } from '../storage/study-file.ts'
import { type DoctorCheck, type DoctorFinding, notChecked, passed, readable, valueIn } from './check.ts'

export const recordsCheck: DoctorCheck = {
  name: 'records',
  isCheap: false,
  of: 'folder',
  async run({ folder, config, studies }) {
    const [read, approved] = [valueIn(config), valueIn(studies)]
    if (read === null || approved === null) return [notChecked('the config or the studies cannot be read')]
    if (approved.length === 0) return [notChecked('no study is approved yet that would say what records must be')]
    const findings: DoctorFinding[] = []
    for (const study of approved) {
      findings.push(await findingOf(study, dataSourceOf(read, await boundDataset(folder, study.study))))
    }
    return findings
  },
}

/**
 * The records of a study, where the head of one file tells of them.
 *
 * @returns null where they are many files, or cannot be read
 */
export async function countedAtHead(source: DataSource | null): Promise<RecordsFound | null> {
  if (source === null || source.pacs !== null) return null
  const { inspectDataset, isRecordFormat } = await import('../datasets/open-dataset.ts')
  if (!isRecordFormat(source.path)) return null
  return valueIn(await readable(() => inspectDataset(source.path, source.split)))
}

async function findingOf({ document }: VerifiedStudy, source: DataSource | null): Promise<DoctorFinding> {
  const named = `of “${document.name}”`
  if (source === null) {
    return {
      state: 'failed',
      found: `There are no records for the study “${document.name}”`,
      remedy: 'Add a data set with "confrere data add", or set data.file in config.toml.',
      exitCode: EXIT.config,
    }
  }
  if (source.pacs !== null) return notChecked(`the records ${named} were pulled from a PACS: the start reads them`)
  const { inspectDataset, isRecordFormat } = await import('../datasets/open-dataset.ts')
  if (isRecordFormat(source.path)) {
    const { count, shape } = await inspectDataset(source.path, source.split)
    if (sizes(shape) === sizes(document.contract.shape)) return passed(`${count} records ${named}, ${shape.join('x')}`)
    return {
      state: 'failed',
      found: `The records are ${shape.join('x')}, and those ${named} ${document.contract.shape.join('x')}`,
      remedy: 'Name other records: approve the study again with --dataset, or set data.file in config.toml.',
      exitCode: EXIT.incompatibleStudy,
    }
  }
  return await presence(source.path, named)
}

/** A grey image may come with or without its one channel. */
function sizes(shape: readonly number[]): string {
  return (shape.at(-1) === 1 ? shape.slice(0, -1) : shape).join('x')
}

async function presence(path: string, named: string): Promise<DoctorFinding> {
  try {
    await access(path, constants.R_OK)
    const isFolder = (await stat(path)).isDirectory()
    if (!isFolder || (await readdir(path)).length > 0) {
      return passed(`the records ${named} are there; "confrere data check ${path}" says of each file whether it fits`)
    }
    return missing(`The folder of the records ${named}, ${path}, is empty`)
  } catch (error) {
    return missing(`The records ${named}, ${path}, cannot be read: ${(error as Error).message}`)
  }
}

function missing(found: string): DoctorFinding {
  const remedy = 'Mount or restore them, and let the user that runs the node read them.'
  return { state: 'failed', found, remedy, exitCode: EXIT.dataUnreadable }
}
