/** Options that say where records are, shared by the commands of data. @module */

import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { SourceFiles } from '../../datasets/read-source.ts'
import { EXIT, OperatorError } from '../../errors.ts'

export interface SourceOptions {
  list?: string
  names?: string
  columns?: string
}

export function addSourceOptions(command: Command): Command {
  return command
    .option('--list <csv>', 'a CSV with the columns file, label and, where needed, patient and split')
    .option('--columns <names>', 'other names of its columns, such as file=path,label=class')
    .option('--names <pattern>', 'pattern of the files\' names, such as "{label}_{patient}_{}.wav"')
}

/** The files of a source, with absolute paths. @throws OperatorError `two-labellings`, exit code 2 */
export function sourceFiles(path: string, { list, names, columns }: SourceOptions): SourceFiles {
  if (list !== undefined && names !== undefined) {
    throw new OperatorError('two-labellings', 'Labels come from a list or from names of files, not from both', {
      hint: 'Leave --list or --names away.',
      exitCode: EXIT.usage,
    })
  }
  return {
    path: resolve(path),
    pacs: null,
    list: list === undefined ? null : resolve(list),
    columns: listColumns(columns, list),
    names: names ?? null,
  }
}

const COLUMNS = ['file', 'label', 'patient', 'split']

/** Names of a list's columns. @throws OperatorError `bad-columns`, exit code 2 */
export function listColumns(text: string | undefined, list: string | undefined): Record<string, string> {
  if (text === undefined) return {}
  const pairs = text.split(',').map(pair => pair.split('='))
  const isWrong = pairs.some(
    ([key, name, ...rest]) => !COLUMNS.includes(key!.trim()) || !name?.trim() || rest.length > 0,
  )
  if (isWrong || list === undefined) {
    throw new OperatorError('bad-columns', `The names of a list's columns are not ${JSON.stringify(text)}`, {
      hint: `Write --list CSV --columns file=NAME,label=NAME; what may be named: ${COLUMNS.join(', ')}.`,
      exitCode: EXIT.usage,
    })
  }
  return Object.fromEntries(pairs.map(([key, name]) => [key!.trim(), name!.trim()]))
}
