/** `confrere backup`: one file with what a hospital must not lose. @module */

import type { Command } from 'commander'
import { writeBackup } from '../../backup/write-backup.ts'
import { addDataOption, addJsonOption } from '../options.ts'
import { printJson, printLines } from '../output.ts'

export function addBackup(command: Command): void {
  addJsonOption(addDataOption(command)).argument('<file>', 'the file to write, which must not be there').action(backup)
}

async function backup(file: string, { data, json }: { data: string; json?: true }): Promise<void> {
  const { files, ...manifest } = await writeBackup(data, file, { at: new Date().toISOString() })
  if (json) return printJson({ file, ...manifest, files: Object.keys(files) })
  printLines(
    `Wrote ${file}: ${Object.keys(files).length} files of ${manifest.peer}.`,
    `Ledger head: ${manifest.ledgerHead}`,
    'Warning: it holds the private key. Who has it is this hospital: keep it encrypted, and apart from this machine.',
    'Not in it: the records, the models and the votes of the round. See "confrere restore --help".',
  )
}
