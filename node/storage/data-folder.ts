/** The data folder: it is made, exists and can be written to, or there is one sentence about why not. @module */

import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { EXIT, OperatorError } from '../errors.ts'
import { writeFileNew } from './atomic-file.ts'

export const GITIGNORE_FILE = '.gitignore'
/** Git leaves out all of a data folder, this file included. */
export const GITIGNORE_TEXT = '# A private key lies here: nothing in this folder belongs in a repository.\n*\n'

/** What a file system says when a folder cannot be written to. */
const UNUSABLE: Readonly<Record<string, string>> = {
  EACCES: 'permission is denied',
  EPERM: 'permission is denied',
  EROFS: 'its file system is read-only',
  ENOTDIR: 'a part of the path is not a folder',
  EEXIST: 'a part of the path is not a folder',
  ENOSPC: 'its file system is full',
  EDQUOT: 'its quota is used up',
  ENOENT: 'a part of the path leads nowhere',
  ELOOP: 'its symbolic links lead in a circle',
  ENAMETOOLONG: 'its path is too long',
}

/** Turns an error of the file system into the operator's sentence; any other error stays what it is. */
export function folderUnusable(folder: string, error: unknown): unknown {
  const reason = UNUSABLE[(error as NodeJS.ErrnoException | null)?.code ?? '']
  if (error instanceof OperatorError || reason === undefined) return error
  return new OperatorError('folder-not-writable', `The data folder ${folder} cannot be written to: ${reason}`, {
    hint: 'Name another folder with --data, or give it to the user that runs the node.',
    exitCode: EXIT.config,
    cause: error,
  })
}

/** The error of a second node on a data folder. */
export function folderInUse(folder: string, cause?: unknown): OperatorError {
  return new OperatorError('folder-in-use', `Another node is running on the data folder ${folder}`, {
    hint: 'Stop that node first. A second data folder is no way out: it would not know what these records have cost.',
    exitCode: EXIT.config,
    cause,
  })
}

/**
 * Makes a data folder that no git checkout around it takes in.
 *
 * @param inside the name of a folder inside it, which is made as well
 * @throws errors of the file system, see `folderUnusable`
 */
export async function createDataFolder(folder: string, inside: string): Promise<void> {
  await makeFolders(join(folder, inside))
  const file = join(folder, GITIGNORE_FILE)
  await writeFileNew(file, GITIGNORE_TEXT).catch(async error => {
    // an init that was cut off has left it
    if (error.code !== 'EEXIST' || (await readFile(file, 'utf8')) !== GITIGNORE_TEXT) throw error
  })
}

/**
 * Makes a folder and those above it. Node's own `recursive` never returns where a file system has folders in which
 * nothing can be made (/proc, some network drives).
 */
export async function makeFolders(folder: string): Promise<void> {
  const make = async (): Promise<void> => {
    await mkdir(folder, { mode: 0o700 }).catch(async error => {
      if (error.code !== 'EEXIST' || !(await isFolder(folder))) throw error
    })
  }
  const above = dirname(folder)
  if (above === folder || (await isFolder(above))) return await make()
  await makeFolders(above)
  await make()
}

async function isFolder(path: string): Promise<boolean> {
  return await stat(path).then(
    found => found.isDirectory(),
    () => false,
  )
}

/** @throws OperatorError `folder-missing`, `folder-not-writable`; exit code 3 */
export async function requireDataFolder(folder: string): Promise<void> {
  try {
    if (!(await stat(folder)).isDirectory()) throw Object.assign(new Error('not a folder'), { code: 'ENOTDIR' })
    // permission bits say little (root, ACLs, read-only mounts): only writing shows
    const probe = join(folder, `.probe-${randomBytes(6).toString('hex')}`)
    await writeFileNew(probe, '')
    await rm(probe)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw folderUnusable(folder, error)
    throw new OperatorError('folder-missing', `There is no data folder ${folder}`, {
      hint: 'Create it with "confrere init", or name another one with --data.',
      exitCode: EXIT.config,
      cause: error,
    })
  }
}
