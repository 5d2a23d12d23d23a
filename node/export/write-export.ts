/** Writes the folder of an export: all of it, or nothing. @module */

import { randomBytes } from 'node:crypto'
import { mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { EXIT, OperatorError } from '../errors.ts'
import { writeFileNew } from '../storage/atomic-file.ts'

/** @throws OperatorError `export-not-written`, exit code 2 */
export async function requireNewFolder(out: string): Promise<void> {
  const names = await readdir(out).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw notWritten(out, error.message, 'Name a new folder.', error)
  })
  if (names.length > 0) throw notWritten(out, 'it is there and not empty', 'Name a new folder.')
}

/**
 * @param files by name; `/` between folders
 * @throws OperatorError `export-not-written`, exit code 2
 */
export async function writeExport(out: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  await requireNewFolder(out)
  const folder = `${resolve(out)}.${randomBytes(6).toString('hex')}.tmp`
  try {
    await mkdir(folder)
    for (const [name, bytes] of files) {
      await mkdir(dirname(join(folder, name)), { recursive: true })
      await writeFileNew(join(folder, name), bytes)
    }
    // only an empty folder can be in the way
    await rmdir(out).catch(() => undefined)
    await rename(folder, out)
  } catch (cause) {
    await rm(folder, { recursive: true, force: true })
    throw notWritten(out, (cause as Error).message, 'Name a folder that this user can make.', cause)
  }
}

function notWritten(out: string, reason: string, hint: string, cause?: unknown): OperatorError {
  return new OperatorError('export-not-written', `The folder ${out} cannot be written: ${reason}`, {
    hint,
    exitCode: EXIT.usage,
    cause,
  })
}
