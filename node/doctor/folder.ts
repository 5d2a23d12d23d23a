/** Whether the data folder can be written to, is its owner's alone, and has room. @module */

import { stat, statfs } from 'node:fs/promises'
import { EXIT } from '../errors.ts'
import { requireDataFolder } from '../storage/data-folder.ts'
import { type DoctorCheck, type DoctorFinding, passed } from './check.ts'

/** Below it, a ledger and a transcript soon have no room. */
const FREE_BYTES_MIN = 100e6
const FREE_BYTES_ADVISED = 1e9
const OTHERS_MAY_WRITE = 0o022

export const folderCheck: DoctorCheck = {
  name: 'folder',
  isCheap: true,
  of: 'folder',
  async run({ folder }) {
    await requireDataFolder(folder)
    const { bavail, bsize } = await statfs(folder)
    const { mode } = await stat(folder)
    return [roomIn(folder, bavail * bsize), ...writersOf(folder, mode)]
  },
}

function roomIn(folder: string, freeBytes: number): DoctorFinding {
  const found = `${Math.floor(freeBytes / 1e6)} MB are free in ${folder}`
  if (freeBytes >= FREE_BYTES_ADVISED) return passed(found)
  return {
    state: freeBytes < FREE_BYTES_MIN ? 'failed' : 'warning',
    found,
    remedy: 'Make room on its disk: a node whose disk is full stops.',
    exitCode: EXIT.dataUnreadable,
  }
}

function writersOf(folder: string, mode: number): DoctorFinding[] {
  if (process.platform === 'win32' || (mode & OTHERS_MAY_WRITE) === 0) return []
  const found = `Others than the owner may write to ${folder}, and could exchange its key`
  return [{ state: 'failed', found, remedy: `Run: chmod 700 ${folder}`, exitCode: EXIT.config }]
}
