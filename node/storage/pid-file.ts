/**
 * Which process runs on a data folder: `node.pid` holds its number and when it began, so that another process that got
 * the same number later is not taken for it.
 *
 * @module
 */

import { execFile } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { writeFileNew } from './atomic-file.ts'
import { folderInUse } from './data-folder.ts'

const PID_FILE = 'node.pid'
/** Field 22 of /proc/PID/stat, proc(5), counted from the state, which follows the name in brackets. */
const START_FIELD_AFTER_NAME = 19

interface NodeProcessId {
  readonly pid: number
  /** as the system tells it; comparable with itself alone */
  readonly began: string
}

/**
 * Notes this process as the one that runs on a folder. The database's lock decides; this file only says who has it.
 *
 * @returns takes the note away
 * @throws OperatorError `folder-in-use`, exit code 3, when the process that is noted runs
 */
export async function notePid(folder: string): Promise<() => Promise<void>> {
  const file = join(folder, PID_FILE)
  const text = `${JSON.stringify({ pid: process.pid, began: await beginningOf(process.pid) })}\n`
  if ((await runningPid(folder)) !== null) throw folderInUse(folder)
  // of a process that was killed
  await rm(file, { force: true })
  await writeFileNew(file, text, 0o600).catch(error => {
    // another one was quicker
    throw error.code === 'EEXIST' ? folderInUse(folder, error) : error
  })
  return async () => {
    if ((await readFile(file, 'utf8').catch(() => '')) === text) await rm(file, { force: true })
  }
}

/** The process that runs on a folder, or null. */
export async function runningPid(folder: string): Promise<number | null> {
  const noted = parsed(await readFile(join(folder, PID_FILE), 'utf8').catch(() => ''))
  if (noted === null) return null
  const began = await beginningOf(noted.pid)
  return began !== null && began === noted.began ? noted.pid : null
}

function parsed(text: string): NodeProcessId | null {
  try {
    const { pid, began } = JSON.parse(text) as Partial<NodeProcessId>
    // 0 and negative numbers mean groups of processes to kill(2)
    return Number.isSafeInteger(pid) && pid! > 0 && typeof began === 'string' ? { pid: pid!, began } : null
  } catch {
    return null
  }
}

/** When a process began, or null: there is none, or it has ended and waits for its parent. */
async function beginningOf(pid: number): Promise<string | null> {
  if (process.platform === 'linux') {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return text === '' || fields[0] === 'Z' ? null : (fields[START_FIELD_AFTER_NAME] ?? null)
  }
  try {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'lstart=', '-p', String(pid)])
    return stdout.trim() || null
  } catch {
    return null
  }
}
