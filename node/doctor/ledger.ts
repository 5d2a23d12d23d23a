/** Whether the privacy ledger is there, whole and without a gap. @module */

import { lstat } from 'node:fs/promises'
import { EXIT } from '../errors.ts'
import { ledgerPath, readLedgerFile } from '../privacy/ledger-file.ts'
import { type DoctorCheck, passed } from './check.ts'

export const ledgerCheck: DoctorCheck = {
  name: 'ledger',
  isCheap: false,
  of: 'folder',
  async run({ folder }) {
    const file = ledgerPath(folder)
    // `init` makes it: one that is not there was lost
    if (!(await exists(file))) {
      return [
        {
          state: 'failed',
          found: `There is no privacy ledger ${file}`,
          remedy: 'Restore its newest copy: without it nobody knows what this hospital has spent.',
          exitCode: EXIT.verificationFailed,
        },
      ]
    }
    const { entries } = await readLedgerFile(file, { everyEpsilon: false })
    return [passed(`${entries.length} entries, without a gap`)]
  },
}

async function exists(file: string): Promise<boolean> {
  return await lstat(file).then(
    () => true,
    () => false,
  )
}
