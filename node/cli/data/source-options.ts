/** Options that say where records are, shared by the commands of data. @module */

import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { SourceFiles } from '../../datasets/read-source.ts'
import { EXIT, OperatorError } from '../../errors.ts'

export interface SourceOptions {
  list?: string
  names?: string
}

export function addSourceOptions(command: Command): Command {
  return command
    .option('--list <csv>', 'a CSV with the columns file, label and, where needed, patient and split')
    .option('--names <pattern>', 'pattern of the files\' names, such as "{label}_{patient}_{}.wav"')
}

/** The files of a source, with absolute paths. @throws OperatorError `two-labellings`, exit code 2 */
export function sourceFiles(path: string, { list, names }: SourceOptions): SourceFiles {
  if (list !== undefined && names !== undefined) {
    throw new OperatorError('two-labellings', 'Labels come from a list or from names of files, not from both', {
      hint: 'Leave --list or --names away.',
      exitCode: EXIT.usage,
    })
  }
  return { path: resolve(path), list: list === undefined ? null : resolve(list), names: names ?? null }
}
