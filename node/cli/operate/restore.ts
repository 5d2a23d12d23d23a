/** `confrere restore`: a data folder from a backup. @module */

import type { Command } from 'commander'
import { restoreBackup } from '../../backup/restore-backup.ts'
import { addDataOption, addJsonOption } from '../options.ts'
import { printJson, printLines } from '../output.ts'

export function addRestore(command: Command): void {
  addJsonOption(addDataOption(command)).argument('<file>', 'a file that "confrere backup" wrote').action(restore)
}

async function restore(file: string, { data, json }: { data: string; json?: true }): Promise<void> {
  const { files, ...manifest } = await restoreBackup(file, data)
  if (json) return printJson({ data, ...manifest, files: Object.keys(files) })
  printLines(
    `Restored ${manifest.peer} of ${manifest.at} into ${data}.`,
    'Where the former folder still works, do not start both: two nodes with one key contradict each other.',
    'Rounds since the backup count as charged; the node asks the others what it said in them before it says a word.',
    `Relative paths in config.toml are seen from ${data}: "confrere doctor --data ${data}" says what is missing.`,
  )
}
