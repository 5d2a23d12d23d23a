/** A lock of a small folder that commands and the running node both write to. @module */

import { open, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { EXIT, OperatorError } from '../errors.ts'

const LOCK_FILE = 'lock'
const LOCK_RETRY_MS = 20
const LOCK_TRIES_MAX = 500
/** A change takes milliseconds: an older lock was left behind by a process that died. */
const LOCK_MS_MAX = 5000

/**
 * Runs work that reads and writes files of a folder while no other process does.
 *
 * @throws OperatorError `folder-busy`, exit code 10; or what the work throws
 */
export async function locked<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const file = join(folder, LOCK_FILE)
  for (let tries = 0; ; tries++) {
    try {
      await (await open(file, 'wx', 0o600)).close()
      break
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      if (tries === LOCK_TRIES_MAX) throw busy(file, error)
      if (await isLeft(file)) await rm(file, { force: true })
      else await sleep(LOCK_RETRY_MS)
    }
  }
  try {
    return await work()
  } finally {
    await rm(file, { force: true })
  }
}

/** Whether the lock is older than any change takes. */
async function isLeft(file: string): Promise<boolean> {
  const found = await stat(file).catch(() => undefined)
  return found !== undefined && Date.now() - found.mtimeMs > LOCK_MS_MAX
}

function busy(file: string, cause: unknown): OperatorError {
  return new OperatorError('folder-busy', `Another process keeps ${file}`, {
    hint: 'Try again; if no other confrere runs on this folder, delete that file.',
    exitCode: EXIT.timedOut,
    cause,
  })
}
